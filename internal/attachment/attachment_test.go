package attachment

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"liandong/internal/hotline"
)

func code(err error) string {
	if err == nil {
		return ""
	}
	return hotline.CodeOf(err)
}

func TestCheck(t *testing.T) {
	ftyp := func(b string) string { return "\x00\x00\x00\x18ftyp" + b + "\x00\x00\x02\x00" }
	for _, tc := range []struct{ name, head, media, code string }{
		{"现场.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg", ""},
		{"现场.JPEG", "\xff\xd8\xff\xe1", "image/jpeg", ""},
		{"a.png", "\x89PNG\r\n\x1a\n\x00", "image/png", ""},
		{"a.webp", "RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp", ""},
		{"a.wav", "RIFF\x10\x00\x00\x00WAVEfmt ", "audio/wav", ""},
		{"a.heic", ftyp("heic"), "image/heic", ""},
		{"扫描件.pdf", "%PDF-1.7", "application/pdf", ""},
		{"a.mp3", "ID3\x04\x00", "audio/mpeg", ""},
		{"a.mp3", "\xff\xfb\x90\x00", "audio/mpeg", ""},
		{"a.m4a", ftyp("M4A "), "audio/mp4", ""},
		{"a.amr", "#!AMR\n\x3c", "audio/amr", ""},
		{"a.mp4", ftyp("isom"), "video/mp4", ""},
		{"a.mov", ftyp("qt  "), "video/quicktime", ""},
		{"", "%PDF-1.7", "application/pdf", ""},
		{"2026.03.11 现场", "\xff\xd8\xff\xe0", "image/jpeg", ""}, // ends in no ending
		{"a.jpg", "%PDF-1.7", "", "attachment_mislabelled"},
		{"a.exe", "\xff\xd8\xff\xe0", "", "attachment_mislabelled"},
		{"a.jpg.html", "\xff\xd8\xff\xe0", "", "attachment_mislabelled"},
		{"a.jpg", "<html><script>", "", "attachment_kind"},
		{"a.svg", "<svg xmlns=", "", "attachment_kind"},
		{"a.zip", "PK\x03\x04", "", "attachment_kind"},
		{"a.exe", "MZ\x90\x00", "", "attachment_kind"},
		{"a.mp3", "\xff\xff\xff\xff", "", "attachment_kind"},
		{"a.mp4", "\x00\x00\x00\x18ftyp", "", "attachment_kind"},
		{"a.jpg", "", "", "attachment_kind"},
	} {
		media, err := Check(tc.name, []byte(tc.head))
		if media != tc.media || code(err) != tc.code {
			t.Errorf("%q beginning %q: got %q, %v, want %q, %q", tc.name, tc.head, media, err, tc.media, tc.code)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, tc := range []struct {
		size, parts, last int64
		code              string
	}{
		{0, 0, 0, "attachment_empty"},
		{-1, 0, 0, "attachment_empty"},
		{1, 1, 1, ""},
		{PartSize, 1, PartSize, ""},
		{PartSize + 1, 2, 1, ""},
		{MostBytes, 80, PartSize, ""},
		{MostBytes + 1, 81, 1, "attachment_too_large"},
	} {
		if err := CheckSize(tc.size); code(err) != tc.code {
			t.Errorf("%d bytes: got %v, want %q", tc.size, err, tc.code)
		}
		if got := Parts(tc.size); got != tc.parts || PartLen(tc.size, got) != tc.last || PartLen(tc.size, got+1) != 0 || PartLen(tc.size, 0) != 0 {
			t.Errorf("%d bytes: got %d parts, the last of %d, want %d and %d", tc.size, got, PartLen(tc.size, got), tc.parts, tc.last)
		}
	}
}

// The hash depends on every part and on their order.
func TestHash(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	seen := map[string]bool{}
	for _, cs := range [][]string{{a}, {b}, {a, b}, {b, a}, {a, a}} {
		h := Hash(cs)
		if len(h) != 64 || seen[h] {
			t.Errorf("%v: got %s, want a hash of its own", cs, h)
		}
		seen[h] = true
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"现场照片.jpg":                       "现场照片.jpg",
		`C:\Users\张测试\身份证.jpg`:           "身份证.jpg",
		"../../etc/passwd":               "passwd",
		"a\u202egpj.exe":                 "agpj.exe",
		"一行\n两行.png":                     "一行两行.png",
		"  .hidden. ":                    "hidden",
		`a"b;c.pdf`:                      "a_b_c.pdf",
		"\xff\xfe":                       "",
		strings.Repeat("长", 99) + ".jpg": strings.Repeat("长", 76) + ".jpg",
	} {
		if got := CleanName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	for _, tc := range [][3]string{{"", "image/jpeg", "附件.jpg"}, {"现场", "audio/amr", "现场.amr"}, {"现场.jpeg", "image/jpeg", "现场.jpeg"}} {
		if got := FileName(tc[0], "附件", tc[1]); got != tc[2] {
			t.Errorf("%q of %s: got %q, want %q", tc[0], tc[1], got, tc[2])
		}
	}
}

func picture(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			img.Set(x, y, color.RGBA{R: 200, G: uint8(x), B: uint8(y), A: 255})
		}
	}
	return img
}

func TestPreview(t *testing.T) {
	var jpg, pn, thin bytes.Buffer
	jpeg.Encode(&jpg, picture(800, 600), nil)
	png.Encode(&pn, picture(30, 20))
	png.Encode(&thin, picture(3000, 1))
	for _, tc := range []struct {
		media   string
		content []byte
		w, h    int // 0: none
	}{
		{"image/jpeg", jpg.Bytes(), 240, 180},
		{"image/png", pn.Bytes(), 30, 20},
		{"image/png", thin.Bytes(), 240, 1},
		{"image/png", jpg.Bytes(), 0, 0},
		{"image/jpeg", jpg.Bytes()[:200], 0, 0},
		{"image/png", bomb(19000, 19000), 0, 0}, // 361 million pixels in a few bytes
		{"application/pdf", []byte("%PDF-"), 0, 0},
	} {
		got := Preview(tc.media, tc.content)
		if tc.w == 0 {
			if got != nil {
				t.Errorf("%s of %d bytes: got a preview, want none", tc.media, len(tc.content))
			}
			continue
		}
		img, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || img.Bounds().Dx() != tc.w || img.Bounds().Dy() != tc.h {
			t.Errorf("%s: got %v, %v, want %d×%d", tc.media, img, err, tc.w, tc.h)
			continue
		}
		if r, _, _, _ := img.At(0, 0).RGBA(); r>>8 < 180 || r>>8 > 220 {
			t.Errorf("%s: got red %d, want about 200", tc.media, r>>8)
		}
	}
}

// bomb is the head of a PNG that says it has so many pixels.
func bomb(w, h uint32) []byte {
	ihdr := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	ihdr = append(binary.BigEndian.AppendUint32(ihdr, h), 8, 6, 0, 0, 0)
	out := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	return binary.BigEndian.AppendUint32(append(out, ihdr...), crc32.ChecksumIEEE(ihdr))
}

// No bytes and no name make a fault, and what comes out keeps its word.
func FuzzFile(f *testing.F) {
	var jpg, pn bytes.Buffer
	jpeg.Encode(&jpg, picture(16, 9), nil)
	png.Encode(&pn, picture(16, 9))
	f.Add("a.jpg", jpg.Bytes())
	f.Add("b.png", pn.Bytes())
	f.Add("c.jpg", held(f, picture(16, 9), binary.LittleEndian, "II", 6))
	f.Add("../c.mp4", []byte("\x00\x00\x00\x18ftypisom"))
	f.Add("d\u202e", []byte("RIFF\x00\x00\x00\x00WEBP"))
	f.Add("e.png", bomb(9000, 9000))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		clean := CleanName(name)
		if strings.ContainsAny(clean, "/\\\"\r\n\x00") || utf8.RuneCountInString(clean) > NameMost || !utf8.ValidString(clean) ||
			strings.ContainsFunc(clean, unicode.IsControl) || CleanName(clean) != clean {
			t.Errorf("%q: got the name %q", name, clean)
		}
		media, err := Check(clean, content)
		if (media == "") != (err != nil) {
			t.Errorf("got %q, %v", media, err)
		}
		for _, m := range []string{"image/jpeg", "image/png"} {
			p := Preview(m, content)
			if p == nil {
				continue
			}
			c, err := jpeg.DecodeConfig(bytes.NewReader(p))
			if err != nil || c.Width > previewEdge || c.Height > previewEdge || Sniff(p) != "image/jpeg" {
				t.Errorf("a preview of %d×%d, %v", c.Width, c.Height, err)
			}
		}
	})
}
