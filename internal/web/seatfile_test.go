package web

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"liandong/internal/browsertest"
)

// Without a script a file goes with the form, whichever button sends it; a
// refused form keeps it, and the same click twice attaches it once.
func TestSeatFilesWithoutScripts(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	photo := aPhoto(t, 640, 480)
	seat := op.get("/desk")
	form := url.Values(seat.one("#intake").form(t))
	form.Set("text", "城关区北京中路的路灯坏了三天了，没人来修")
	kept := op.sendFile("/desk/triage", form, "张测试家.jpg", photo)
	if kept.status != http.StatusOK || kept.one("#file-list .file-name").text() != "张测试家.jpg" || kept.count("#responsible") != 1 {
		t.Fatalf("assessed with a file: got %d and %d files", kept.status, kept.count("#file-list li"))
	}
	form = url.Values(kept.one("#intake").form(t))
	form.Set("phone", "abc")
	form.Set("do", "dispatch")
	refused := op.sendFile("/desk", form, "坏的.jpg", []byte("<html>"))
	if refused.status != http.StatusUnprocessableEntity || refused.count("#file-list li") != 1 {
		t.Errorf("what is no photo: got %d and %d files, want 422 and the first one", refused.status, refused.count("#file-list li"))
	}
	refused = op.sendFile("/desk", form, "说明.pdf", []byte("%PDF-1.7 测试"))
	if refused.status != http.StatusUnprocessableEntity || refused.count("#file-list li") != 2 {
		t.Fatalf("a wrong number: got %d and %d files, want 422 and both kept", refused.status, refused.count("#file-list li"))
	}
	form.Set("phone", "13900000001")
	form.Set("only_here", "yes")
	first := op.sendFile("/desk", form, "说明.pdf", []byte("%PDF-1.7 测试"))
	again := op.sendFile("/desk", form, "说明.pdf", []byte("%PDF-1.7 测试"))
	if again.location != first.location {
		t.Errorf("the same click twice: got %s and %s, want one case", first.location, again.location)
	}
	form.Set("text", "城关区江苏路的井盖坏了三天了，没人来修")
	other := op.sendFile("/desk", form, "井盖.pdf", []byte("%PDF-1.7 井盖"))
	if other.status != http.StatusUnprocessableEntity || other.one("#file-list .file-name").text() != "井盖.pdf" || other.one("#intake input[name=key]").attrs["value"] == form.Get("key") {
		t.Errorf("other words under the same key: got %d and %d files, want 422, another key and the file with it", other.status, other.count("#file-list li"))
	}
	c := op.follow(again)
	if got := len(c.page().all(t, "#files li[data-state=whole]")); got != 2 {
		t.Errorf("the case has %d files, want 2", got)
	}
	if got := op.sendFile("/desk/files", form, "晚到.pdf", []byte("%PDF-1.7 晚到")); got.status != http.StatusConflict {
		t.Errorf("a file for a case that was taken: got %d, want 409", got.status)
	}
	if got := w.gov.as("clerk").sendFile("/desk/files", form, "说明.pdf", []byte("%PDF-1.7 测试")); got.status != http.StatusForbidden {
		t.Errorf("a clerk: got %d, want 403", got.status)
	}
}

// With a script a file goes when it is chosen, comes back with the draft, is
// taken out again, and is the case's in the end.
func TestSeatFilesByKeyboard(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	photo := filepath.Join(t.TempDir(), "灯.jpg")
	if err := os.WriteFile(photo, aPhoto(t, 1700, 900), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Choose("#file", photo)
	b.WaitText("#file-list", "灯.jpg")
	b.WaitText("#draft-note", "草稿已保存")
	b.Go("/desk") // a reload, before a word was written
	b.WaitText("#file-list", "灯.jpg")
	b.Click("#file-list button[name=drop]")
	b.WaitVisible("#file:focus")
	if n := b.Count("#file-list li"); n != 0 {
		t.Errorf("taken out: still %d files", n)
	}
	b.Choose("#file", photo)
	b.WaitText("#file-list", "灯.jpg")
	b.Fill("#text", "城关区北京中路的路灯坏了三天了，没人来修")
	b.WaitVisible("#responsible")
	look(t, b, "seat-files")
	b.Press("Control+Enter")
	b.WaitVisible("#files li[data-state=whole]")
	b.Go("/desk")
	b.WaitVisible("#intake")
	if n := b.Count("#file-list li"); n != 0 {
		t.Errorf("the next intake begins with %d files", n)
	}
}

// Danger does not wait for a photo that is on its way: the case goes at once, and the photo follows to it, nothing chosen again, nothing there twice.
func TestSeatFilesFollowDanger(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	photo := filepath.Join(t.TempDir(), "灶.jpg")
	if err := os.WriteFile(photo, aPhoto(t, 1700, 900), 0o600); err != nil {
		t.Fatal(err)
	}
	// A line on which files hang, and everything else goes through.
	b.Eval(`window.real = window.fetch; window.fetch = (path, how) => /files/.test(path) ? new Promise((_, no) => how.signal?.addEventListener("abort", () => no(new Error("cut")))) : window.real(path, how); ""`)
	b.Choose("#file", photo)
	b.WaitText("#file-state", "正在上传")
	b.Fill("#text", "城关区这里煤气泄漏，有人晕倒了，快来人")
	b.WaitText("#primary", "立即双派")
	b.Eval(`window.fetch = (path, how) => /files\/begin/.test(path) ? new Promise((go) => { window.open = () => go(window.real(path, how)); }) : window.real(path, how); ""`)
	b.Press("Control+Enter")
	b.WaitVisible("#timeline")
	b.WaitText("#file-state", "附件还在传")
	if got := b.Path(); !strings.HasPrefix(got, "/cases/") {
		t.Errorf("the page is at %s, want the case's", got)
	}
	if n := b.Count(".lane"); n < 3 {
		t.Errorf("got %d legs, want them sent before the photo is there", n)
	}
	look(t, b, "seat-files-follow")
	b.Eval(`window.open(); ""`)
	b.WaitText("#file-state", "附件已全部传上")
	b.WaitVisible("#files li[data-state=whole]")
	b.Go(b.Path())
	if n := b.Count("#files li[data-file]"); n != 1 {
		t.Errorf("got %d files at the case, want the one", n)
	}
	b.Go("/desk")
	b.WaitVisible("#intake")
	if b.Visible("#drop-draft") || b.Count("#file-list li") != 0 {
		t.Error("the next intake begins with what was sent")
	}
}
