// Package attachment says what may be attached to a case (附件: photos, sound,
// scans): which kinds there are and how their bytes show them, how large a file
// may be, what its name may look like, how it is cut into parts, what its hash
// is, and how a preview is made. It keeps nothing and knows no case.
//
// A file is cut into parts of PartSize bytes, numbered from 1; only the last may
// be shorter. Each part stands under a salted commitment, as the personal part
// of a letter does, and the hash of the file is made of those commitments: it
// names the content exactly and tells nothing of it once the salts are gone.
package attachment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"liandong/internal/hotline"
)

// Limits. Proposals; no published rule was found. 20 MB holds a scan of many
// pages or ten minutes of a call; a part fits into a letter of 1 MiB although it
// is written in base64 twice there.
const (
	MostBytes = 20 << 20  // a file
	PartSize  = 256 << 10 // a part
	MostOwn   = 30        // files that one platform puts to a case
	MostAll   = 100       // files of a case, with those of other platforms
	NameMost  = 80        // characters of a name
)

// Parts is into how many parts a file of so many bytes is cut.
func Parts(size int64) int64 { return (size + PartSize - 1) / PartSize }

// PartLen is the length of a part in bytes; 0 where the file has no such part.
func PartLen(size, number int64) int64 {
	if number < 1 || number > Parts(size) {
		return 0
	}
	return min(PartSize, size-(number-1)*PartSize)
}

// CheckSize refuses what is empty or too large.
func CheckSize(size int64) error {
	switch {
	case size <= 0:
		return hotline.Errorf(hotline.Invalid, "attachment_empty", "size")
	case size > MostBytes:
		return hotline.Errorf(hotline.Invalid, "attachment_too_large", "size", MostBytes>>20)
	}
	return nil
}

// Hash is the hash of a file: hex SHA-256 over the commitments of its parts in
// their order, each as 64 hex digits and a line feed.
func Hash(commitments []string) string {
	h := sha256.New()
	for _, c := range commitments {
		h.Write([]byte(c + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// kind is one kind of file that is taken.
type kind struct {
	media string
	exts  []string // that a name may end in; the first is ours
	shows func(head []byte) bool
}

// kinds is the whole list: what is not in it is refused. Nothing in it is run by
// a browser or an office program: no HTML, SVG, script, macro or archive.
var kinds = []kind{
	{"image/jpeg", []string{"jpg", "jpeg"}, begins("\xff\xd8\xff")},
	{"image/png", []string{"png"}, begins("\x89PNG\r\n\x1a\n")},
	{"image/webp", []string{"webp"}, riff("WEBP")},
	{"image/heic", []string{"heic", "heif"}, brand("heic", "heix", "mif1", "msf1")},
	{"application/pdf", []string{"pdf"}, begins("%PDF-")},
	{"audio/mpeg", []string{"mp3"}, isMP3},
	{"audio/mp4", []string{"m4a"}, brand("M4A ", "M4B ")},
	{"audio/amr", []string{"amr"}, begins("#!AMR\n", "#!AMR-WB\n")},
	{"audio/wav", []string{"wav"}, riff("WAVE")},
	{"video/mp4", []string{"mp4", "m4v", "m4a"}, brand("isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "M4V ", "MSNV", "dash")},
	{"video/quicktime", []string{"mov"}, brand("qt  ")},
	{"video/3gpp", []string{"3gp", "amr"}, brand("3gp4", "3gp5", "3gp6", "3gp7")},
}

func begins(with ...string) func([]byte) bool {
	return func(b []byte) bool {
		return slices.ContainsFunc(with, func(w string) bool { return bytes.HasPrefix(b, []byte(w)) })
	}
}

// riff: a RIFF file names its form after its length.
func riff(form string) func([]byte) bool {
	return func(b []byte) bool { return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == form }
}

// brand: a file of the ISO base media format (ISO/IEC 14496-12) begins with its
// brand.
func brand(names ...string) func([]byte) bool {
	return func(b []byte) bool {
		return len(b) >= 12 && string(b[4:8]) == "ftyp" && slices.Contains(names, string(b[8:12]))
	}
}

// isMP3: a tag, or the head of a frame of layer III with a bit rate and a
// sampling rate that there are (ISO/IEC 11172-3).
func isMP3(b []byte) bool {
	if bytes.HasPrefix(b, []byte("ID3")) {
		return true
	}
	return len(b) >= 4 && b[0] == 0xff && b[1]&0xe6 == 0xe2 && b[1]&0x18 != 0x08 && b[2]&0xf0 != 0xf0 && b[2]&0xf0 != 0 && b[2]&0x0c != 0x0c
}

// MediaTypes lists the kinds of file that are taken, as media types.
func MediaTypes() []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = k.media
	}
	return out
}

// Extensions lists what the names of files that are taken end in, with the dot,
// for the choice that a browser offers.
func Extensions() []string {
	var out []string
	for _, k := range kinds {
		for _, e := range k.exts {
			if !slices.Contains(out, "."+e) {
				out = append(out, "."+e)
			}
		}
	}
	return out
}

// Sniff decides from its first bytes what kind of file it is; "" where it is
// none of those that are taken. A name decides nothing.
func Sniff(head []byte) (media string) {
	for _, k := range kinds {
		if k.shows(head) {
			return k.media
		}
	}
	return ""
}

// Check decides the kind of a file and whether its name says the same: one that
// calls itself something else is refused, because somebody will open it as what
// it says.
func Check(name string, head []byte) (media string, err error) {
	media = Sniff(head)
	if media == "" {
		return "", hotline.Errorf(hotline.Invalid, "attachment_kind", "file")
	}
	if ext := extension(name); ext != "" && !slices.Contains(kindOf(media).exts, ext) {
		return "", hotline.Errorf(hotline.Invalid, "attachment_mislabelled", "name", "."+kindOf(media).exts[0])
	}
	return media, nil
}

func kindOf(media string) kind {
	for _, k := range kinds {
		if k.media == media {
			return k
		}
	}
	return kind{media: media, exts: []string{"bin"}}
}

// extension is what a name ends in, in lower case; "" where that is part of the
// name itself.
func extension(name string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if len(ext) < 2 || len(ext) > 5 {
		return ""
	}
	for _, r := range ext {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return ""
		}
	}
	return ext
}

// CleanName makes a name fit to be kept, shown and given to a file system: the
// last part of a path, one line, no character that turns the direction of
// writing or that a file system reads as something else, at most NameMost
// characters. What a name ends in is kept.
func CleanName(name string) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co):
			return -1
		case strings.ContainsRune(`<>:"|?*;%`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if utf8.RuneCountInString(name) > NameMost {
		ext := path.Ext(name)
		if utf8.RuneCountInString(ext) > 6 {
			ext = ""
		}
		keep := []rune(strings.TrimSuffix(name, ext))[:NameMost-utf8.RuneCountInString(ext)]
		name = strings.Trim(string(keep), " .") + ext
	}
	return name
}

// FileName is the name under which a file of a kind is given out: the cleaned
// one, ending as its kind does; the fallback where it has none.
func FileName(name, fallback, media string) string {
	if name == "" {
		name = fallback
	}
	if !slices.Contains(kindOf(media).exts, extension(name)) {
		name += "." + kindOf(media).exts[0]
	}
	return name
}
