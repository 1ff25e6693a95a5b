package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// The files of the pages: own/ is written here, vendor/ is put there by make assets and not in the repository. The pattern
// names the directory above both, so that the program builds without vendor/ and can say itself what is missing.
//
//go:embed static
var staticFiles embed.FS

// neededVendor are the third-party files without which pages would look broken rather than plain.
var neededVendor = []string{"vendor/htmx.min.js", "vendor/hx-sse.min.js", "vendor/tabler.min.css"}

// contentTypes is written out because package mime asks the machine it runs on.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".ico":   "image/x-icon",
	".woff2": "font/woff2",
}

// assetSet is the embedded files as they are served. One hash over all of them stands in every address, so that a file may
// name another by a relative path, and a browser may keep what it has until the program changes.
type assetSet struct {
	hash  string
	files map[string]asset // by name, such as own/app.css
}

type asset struct {
	contentType string
	plain, gzip []byte // gzip is nil where it would not be smaller
}

// The files are part of the program, so they are read and packed once per process, when first asked for.
var loadedAssets = sync.OnceValues(func() (*assetSet, error) {
	root, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	return loadAssets(root)
})

// CheckAssets returns an error that says what to do when the program was built without the pages' third-party files.
// Call it before the first page is served; it also does the packing, which takes some 20 ms.
func CheckAssets() error {
	_, err := loadedAssets()
	return err
}

// AssetURL returns the address of a file below static/, such as "own/app.css" or "vendor/htmx.min.js". It panics when there
// is no such file: that is a mistake in a template, which the template's test must find.
func AssetURL(name string) string {
	set, err := loadedAssets()
	if err != nil {
		panic(err)
	}
	if _, ok := set.files[name]; !ok {
		panic(fmt.Sprintf("web: no file static/%s", name))
	}
	return "/static/" + set.hash + "/" + name
}

// AssetHandler serves what AssetURL names; mount it at "GET /static/". It answers 500 when CheckAssets has failed.
func AssetHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		set, err := loadedAssets()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		set.ServeHTTP(w, r)
	})
}

func (s *assetSet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/static/"), "/")
	file, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	// While a new version is rolled out, a page of one process may ask another for its files: the other's are better than
	// none, but must not be kept under that name.
	if hash == s.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-store")
	}
	body := file.plain
	if file.gzip != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body = file.gzip
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		// The browser that went away needs no answer.
		_, _ = w.Write(body)
	}
}

// acceptsGzip reports whether an Accept-Encoding header names gzip without q=0. No browser says * alone.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(weight), "q=")
		value, err := strconv.ParseFloat(q, 64)
		return !found || err == nil && value > 0
	}
	return false
}

// loadAssets reads and packs the files of root, and fails when one is missing or of a kind it does not know.
func loadAssets(root fs.FS) (*assetSet, error) {
	for _, name := range neededVendor {
		if _, err := fs.Stat(root, name); err != nil {
			return nil, fmt.Errorf("static/%s is not in this program: run make assets, then build again", name)
		}
	}
	set := &assetSet{files: map[string]asset{}}
	sum := sha256.New()
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		contentType, ok := contentTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("static/%s: no content type is known for %q", name, path.Ext(name))
		}
		plain, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(plain))
		sum.Write(plain)
		set.files[name] = asset{contentType: contentType, plain: plain, gzip: gzipped(plain)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the pages' files: %w", err)
	}
	set.hash = hex.EncodeToString(sum.Sum(nil))[:16]
	return set, nil
}

// gzipped returns plain compressed, or nil where that saves less than a tenth.
func gzipped(plain []byte) []byte {
	var b bytes.Buffer
	// Neither the writer nor the buffer can fail: the level is a valid one.
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(plain)
	_ = w.Close()
	if b.Len() > len(plain)*9/10 {
		return nil
	}
	return b.Bytes()
}
