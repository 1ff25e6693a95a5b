package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"liandong/internal/attachment"
	"liandong/internal/browsertest"
)

// aPhoto is a JPEG picture of so many pixels that does not pack well.
func aPhoto(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{R: uint8(x * y), G: uint8(x * 3), B: uint8(y ^ x), A: 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sendFile sends a form with a file in it, as a browser without scripts does.
func (p *person) sendFile(path string, form url.Values, name string, content []byte) answer {
	p.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k := range form {
		if err := m.WriteField(k, form.Get(k)); err != nil {
			p.t.Fatal(err)
		}
	}
	file, err := m.CreateFormFile("file", name)
	if err == nil {
		_, err = file.Write(content)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	m.Close()
	return p.do(http.MethodPost, path, &b, map[string]string{"Content-Type": m.FormDataContentType()})
}

// A seat adds a photo without a script; name and picture are shown for a reason,
// and the file comes as a download that no browser runs.
func TestFiles(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	on := op.take("城关区北京中路的井盖坏了三天了", nil)
	path := "/cases/" + on.caseID()
	photo := aPhoto(t, 640, 480)
	form := on.one("#add-file")
	if form.attrs["enctype"] != "multipart/form-data" {
		t.Fatalf("the form is %v", form.attrs)
	}
	on = op.follow(op.sendFile(form.attrs["action"], form.form(t), "张测试家门口.jpg", photo))
	row := on.one("#files li[data-state=whole]")
	if text := row.text(); !strings.Contains(text, "照片") || strings.Contains(on.body, "张测试家门口") || len(on.page().all(t, ".file-picture")) != 0 {
		t.Errorf("masked: got %q", text)
	}
	if facts := on.one(`#timeline [data-kind=attached] .event-facts`).text(); !strings.Contains(facts, "照片") {
		t.Errorf("the story says %q", facts)
	}
	file := path + "/attachments/" + row.attrs["data-file"]
	if got := op.post(file, url.Values{"reason": {""}}); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.one("#files .wrong").text(), "理由") {
		t.Errorf("without a reason: got %d", got.status)
	}
	revealed := op.post(path+"/reveal", url.Values{"reason": {"核实现场"}})
	if name := revealed.one(".file-name").text(); name != "张测试家门口.jpg" {
		t.Errorf("revealed: got the name %q", name)
	}
	data, _ := strings.CutPrefix(revealed.one(".file-picture").attrs["src"], "data:image/jpeg;base64,")
	if picture, err := base64.StdEncoding.DecodeString(data); err != nil || attachment.Sniff(picture) != "image/jpeg" {
		t.Errorf("revealed: no picture (%v)", err)
	}
	got := op.submit(revealed, "#files form[data-again]", nil)
	if got.status != http.StatusOK || got.body != string(photo) {
		t.Fatalf("opened: got %d and %d bytes, want the photo", got.status, len(got.body))
	}
	for name, want := range map[string]string{"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Content-Disposition": "attachment; filename*=utf-8''%E5%BC%A0%E6%B5%8B%E8%AF%95%E5%AE%B6%E9%97%A8%E5%8F%A3.jpg", "Cache-Control": "no-store"} {
		if got.header.Get(name) != want {
			t.Errorf("opened: %s is %q, want %q", name, got.header.Get(name), want)
		}
	}
	html := op.sendFile(path+"/attachments", url.Values{"back": {path}}, "照片.jpg", []byte("<html><script>alert(1)</script>"))
	if html.status != http.StatusUnprocessableEntity || !strings.Contains(html.one("#add-file .wrong").text(), "只收照片") {
		t.Errorf("a page called photo: got %d", html.status)
	}
	if got := op.sendFile(path+"/attachments", url.Values{"back": {path}}, "大.jpg", make([]byte, uploadMost)); got.status < 400 || got.status >= 500 {
		t.Errorf("too large: got %d", got.status)
	}
	if rows := op.get(path).page().all(t, "#files li"); len(rows) != 1 {
		t.Errorf("after refusals: got %d files, want 1", len(rows))
	}
	if got := w.gov.as("supervisor").post(file, url.Values{"reason": {"看看"}}); got.status != http.StatusForbidden {
		t.Errorf("a supervisor: got %d, want 403", got.status)
	}
}

// A clerk tells of progress with a photo in one action; where the photo is
// refused nothing is told.
func TestProgressWithPhoto(t *testing.T) {
	w := newWorld(t)
	op, clerk := w.gov.as("operator"), w.gov.as("clerk2")
	on := op.take("城关区小区楼道里的灯坏了三天了", nil)
	legPath := "/legs/" + on.one("[data-leg]").attrs["data-leg"]
	if got := clerk.post(legPath+"/accept", url.Values{"back": {legPath}}); got.status != http.StatusSeeOther {
		t.Fatalf("accept: got %d", got.status)
	}
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "clerk2", "#list")
	b.Size(390, 800)
	b.Go(legPath)
	b.Click("details[data-open=progress] summary")
	look(t, b, "leg-progress-photo")
	// With a script the photo goes first, in parts, and then what was typed.
	photo := filepath.Join(t.TempDir(), "灯.jpg")
	if err := os.WriteFile(photo, aPhoto(t, 1700, 900), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Fill("details[data-open=progress] textarea", "正在更换")
	b.Choose("details[data-open=progress] input[type=file]", photo)
	b.Click("details[data-open=progress] button[data-verb=progress]")
	b.WaitVisible("#timeline [data-kind=progress]")
	if n := b.Count("#timeline [data-kind=attached]"); n != 1 {
		t.Errorf("by script: got %d files with it, want 1", n)
	}
	leg := clerk.get(legPath)
	form := leg.one("form[data-form=progress]")
	if len(leg.page().all(t, "form[data-form=progress] input[type=file][capture]")) != 1 {
		t.Error("progress offers no camera")
	}
	fields := url.Values(form.form(t))
	fields.Set("note", "已换好灯泡")
	fields.Del("file")
	bad := clerk.sendFile(form.attrs["action"], fields, "灯.jpg", []byte("MZ\x90"))
	if bad.status != http.StatusUnprocessableEntity || !strings.Contains(bad.body, "已换好灯泡") {
		t.Errorf("a program called photo: got %d, want the form again with what was typed", bad.status)
	}
	leg = clerk.follow(clerk.sendFile(form.attrs["action"], fields, "灯.jpg", aPhoto(t, 100, 80)))
	if n := len(leg.page().all(t, "#timeline [data-kind=attached]")); n != 2 || len(leg.page().all(t, "#timeline [data-kind=progress]")) != 2 {
		t.Errorf("got %d files and progress, want one more of each", n)
	}
	if n := len(op.get("/cases/"+on.caseID()).page().all(t, "#files li[data-state=whole]")); n != 2 {
		t.Errorf("the desk sees %d files, want the unit's", n)
	}
	if len(leg.body) > 150<<10 {
		t.Errorf("the page has %d bytes", len(leg.body))
	}
}

// A script sends a file in parts and is told what is missing.
func TestUploadByScript(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	path := "/cases/" + op.take("城关区北京中路的井盖坏了三天了", nil).caseID() + "/attachments"
	photo := append(aPhoto(t, 64, 64), make([]byte, attachment.PartSize)...)
	say := func(a answer) (u Uploading) {
		t.Helper()
		if err := json.Unmarshal([]byte(a.body), &u); err != nil {
			t.Fatalf("%d: %v in %s", a.status, err, a.body)
		}
		return u
	}
	u := say(op.post(path+"/begin", url.Values{"name": {"a.jpg"}, "size": {strconv.Itoa(len(photo))}}))
	if u.ID == "" || len(u.Missing) != 2 || u.PartSize != attachment.PartSize {
		t.Fatalf("begun: got %+v", u)
	}
	put := func(n string, content []byte) answer {
		return op.do(http.MethodPost, path+"/"+u.ID+"/parts/"+n, bytes.NewReader(content), map[string]string{"Content-Type": "application/octet-stream"})
	}
	if got := say(put("2", photo[attachment.PartSize:])); len(got.Missing) != 1 || got.Missing[0] != 1 {
		t.Errorf("the second part: got %+v", got)
	}
	if got := put("1", photo[:10]); got.status != http.StatusUnprocessableEntity || say(got).Sentence == "" {
		t.Errorf("half a part: got %d %s", got.status, got.body)
	}
	if got := say(put("1", photo[:attachment.PartSize])); len(got.Missing) != 0 {
		t.Errorf("whole: got %+v", got)
	}
	if got := op.post(path+"/begin", url.Values{"name": {"a.jpg"}, "size": {"999999999"}}); got.status != http.StatusUnprocessableEntity || !strings.Contains(say(got).Sentence, "20 MB") {
		t.Errorf("too large: got %d %s", got.status, got.body)
	}
}

// In a browser a photo is made smaller before it goes.
func TestFilesInABrowser(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	id := op.take("城关区北京中路的井盖坏了三天了", nil).caseID()
	photo := aPhoto(t, 2400, 1200)
	from := filepath.Join(t.TempDir(), "现场.jpg")
	if err := os.WriteFile(from, photo, 0o600); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	b.Go("/cases/" + id)
	b.Choose("#file", from)
	b.Click("#do-file")
	b.WaitVisible("#files li[data-state=whole]")
	b.Click("#reveal summary")
	b.Fill("#reveal-reason", "核实现场")
	b.Click("#do-reveal")
	b.WaitVisible(".file-picture")
	look(t, b, "case-files")
	b.Size(390, 800)
	look(t, b, "case-files-390")
	if b.Overflow() {
		t.Error("the page is wider than 390 px")
	}
	// It goes to the other platform, whose page shows it too.
	if got := op.post("/cases/"+id+"/legs", url.Values{"to": {"110"}}); got.status != http.StatusSeeOther {
		t.Fatalf("send to 110: got %d", got.status)
	}
	w.gov.until("the file is there", func() bool { return len(op.get("/cases/"+id).page().all(t, "[data-share=there]")) == 1 })
	b.Go("/cases/" + id)
	look(t, b, "case-files-there")
	there := browsertest.Open(t, w.police.url)
	signIn(there, "leader", "#list")
	there.Go("/cases")
	there.Click("#list a[href^='/cases/']")
	there.WaitVisible("#files li[data-state=whole]")
	look(t, there, "case-files-from")

	row := op.get("/cases/" + id).one("#files li")
	got := op.post("/cases/"+id+"/attachments/"+row.attrs["data-file"], url.Values{"reason": {"核实"}})
	c, err := jpeg.DecodeConfig(strings.NewReader(got.body))
	if err != nil || c.Width != 1600 || c.Height != 800 || len(got.body) >= len(photo) {
		t.Errorf("got %d×%d, %d bytes of %d (%v), want 1600×800", c.Width, c.Height, len(got.body), len(photo), err)
	}
}

// On a line that breaks again and again the browser goes on where it stopped.
func TestUploadOverABrokenLine(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	id := op.take("城关区北京中路的井盖坏了三天了", nil).caseID()
	to, err := url.Parse(w.gov.url)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	parts, broken := 0, 0
	line := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/parts/") {
			mu.Lock()
			parts++
			lost, deaf := parts%3 == 1, parts%3 == 2 // the request, or its answer
			if lost || deaf {
				broken++
			}
			mu.Unlock()
			if deaf {
				line.ServeHTTP(httptest.NewRecorder(), r)
			}
			if lost || deaf {
				panic(http.ErrAbortHandler)
			}
		}
		line.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	sound := append([]byte("#!AMR\n"), make([]byte, 2*attachment.PartSize)...) // no picture: it goes as it is
	from := filepath.Join(t.TempDir(), "通话.amr")
	if err := os.WriteFile(from, sound, 0o600); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Open(t, srv.URL)
	signIn(b, "operator", "#intake")
	b.Go("/cases/" + id)
	b.Choose("#file", from)
	b.Click("#do-file")
	b.WaitText(".upload-state", "接着传")
	b.WaitVisible("#files li[data-state=whole]")
	for _, said := range b.Console() {
		if !strings.Contains(said, "/parts/") { // the breaks themselves are told there
			t.Errorf("browser console: %s", said)
		}
	}
	row := op.get("/cases/" + id).one("#files li")
	got := op.post("/cases/"+id+"/attachments/"+row.attrs["data-file"], url.Values{"reason": {"核实"}})
	if got.body != string(sound) || broken < 3 {
		t.Errorf("got %d bytes after %d breaks, want the %d of the file", len(got.body), broken, len(sound))
	}
}
