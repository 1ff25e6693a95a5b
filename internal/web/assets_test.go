package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestAssetsAreServed(t *testing.T) {
	if err := CheckAssets(); err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{"own/app.css"}, neededVendor...) {
		got := getAsset(t, AssetHandler(), AssetURL(name), "")
		if got.Code != http.StatusOK || got.Body.Len() == 0 {
			t.Errorf("%s: got %d with %d bytes, want 200 and the file", name, got.Code, got.Body.Len())
		}
	}
}

// Pages load nothing from outside the binary: networks of police desks have no way out, and a foreign host would see who works.
func TestAssetsLoadNothingFromOutside(t *testing.T) {
	set, err := loadedAssets()
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range set.files {
		css := strings.HasSuffix(name, ".css")
		for _, foreign := range []string{"url(http", "url(//", `url("http`, `url('http`, `url("//`, "@import"} {
			if css && strings.Contains(string(file.plain), foreign) {
				t.Errorf("static/%s: got %q in it, want nothing that a browser would fetch elsewhere", name, foreign)
			}
		}
	}
}

func TestAssetAnswers(t *testing.T) {
	set, err := loadAssets(withVendor(map[string]string{"own/app.css": strings.Repeat("a{color:red}", 100), "own/dot.png": "\x89PNG"}))
	if err != nil {
		t.Fatal(err)
	}
	const keep, forget = "public, max-age=31536000, immutable", "no-store"
	for _, tc := range []struct {
		name, path, accept              string
		code                            int
		cache, encoding, ctype, contain string
	}{
		{"plain", "/static/" + set.hash + "/own/app.css", "", 200, keep, "", "text/css; charset=utf-8", "a{color:red}"},
		{"packed", "/static/" + set.hash + "/own/app.css", "br, gzip;q=0.8", 200, keep, "gzip", "text/css; charset=utf-8", "a{color:red}"},
		{"packing refused", "/static/" + set.hash + "/own/app.css", "gzip;q=0", 200, keep, "", "text/css; charset=utf-8", "a{color:red}"},
		{"not worth packing", "/static/" + set.hash + "/own/dot.png", "gzip", 200, keep, "", "image/png", "\x89PNG"},
		{"page of another version", "/static/0000/own/app.css", "", 200, forget, "", "text/css; charset=utf-8", "a{color:red}"},
		{"no such file", "/static/" + set.hash + "/own/none.css", "", 404, "", "", "text/plain; charset=utf-8", ""},
		{"a directory", "/static/" + set.hash + "/own/", "", 404, "", "", "text/plain; charset=utf-8", ""},
		{"outside", "/static/" + set.hash + "/../assets.go", "", 404, "", "", "text/plain; charset=utf-8", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := getAsset(t, set, tc.path, tc.accept)
			h := got.Result().Header
			want := []string{tc.cache, tc.encoding, tc.ctype}
			if diff := cmp.Diff(want, []string{h.Get("Cache-Control"), h.Get("Content-Encoding"), h.Get("Content-Type")}); got.Code != tc.code || diff != "" {
				t.Fatalf("got %d, want %d; headers (-want +got):\n%s", got.Code, tc.code, diff)
			}
			var body io.Reader = got.Body
			if tc.encoding == "gzip" {
				if body, err = gzip.NewReader(got.Body); err != nil {
					t.Fatal(err)
				}
			}
			text, err := io.ReadAll(body)
			if err != nil || !strings.Contains(string(text), tc.contain) {
				t.Errorf("got body %.40q (error %v), want one with %q", text, err, tc.contain)
			}
		})
	}
}

func TestAssetHashFollowsContent(t *testing.T) {
	hash := func(css string) string {
		set, err := loadAssets(withVendor(map[string]string{"own/app.css": css}))
		if err != nil {
			t.Fatal(err)
		}
		return set.hash
	}
	if a, b := hash("a{}"), hash("a{}"); a != b {
		t.Errorf("same files: got hashes %s and %s, want one", a, b)
	}
	if a, b := hash("a{}"), hash("b{}"); a == b {
		t.Errorf("other files: got hash %s twice, want two", a)
	}
}

func TestBrokenAssetsAreNamed(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files fstest.MapFS
		want  string
	}{
		{"no vendor files", fstest.MapFS{"own/app.css": {Data: []byte("a{}")}}, "run make assets"},
		{"unknown kind", withVendor(map[string]string{"own/app.xyz": "?"}), `static/own/app.xyz: no content type is known for ".xyz"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := loadAssets(tc.files); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one that says %q", err, tc.want)
			}
		})
	}
}

func TestAssetURLRefusesUnknownNames(t *testing.T) {
	defer func() {
		if got := recover(); got != "web: no file static/own/none.css" {
			t.Errorf("got panic %v, want one that names the file", got)
		}
	}()
	AssetURL("own/none.css")
}

func withVendor(files map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for _, name := range neededVendor {
		all[name] = &fstest.MapFile{Data: []byte("/* vendor */")}
	}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func getAsset(t *testing.T, h http.Handler, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL.Path = path
	r.Header.Set("Accept-Encoding", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
