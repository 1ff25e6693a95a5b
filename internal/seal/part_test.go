package seal

import (
	"testing"

	"liandong/internal/hotline"
)

func TestPart(t *testing.T) {
	writer, reader, stranger := testKeys(t), otherKeys(t), otherKeys(t)
	key := NewCaseKey()
	ciphertext := SealPart(key, "letter1", []byte("张测试"))
	p, err := WrapPart("letter1", "12345", ciphertext, key, reader.Public("110", "x"), writer.Public("12345", "y"))
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range []*Keyring{reader, writer} {
		plain, got, err := OpenPart(keys, "letter1", "12345", *p)
		if err != nil || string(plain) != "张测试" || got.ID() != key.ID() {
			t.Errorf("got %q, %v, %v, want 张测试 and %v", plain, got, err, key)
		}
	}
	for _, c := range []struct {
		name, letter, from, code, field string
		keys                            *Keyring
		change                          func(*Part)
	}{
		{name: "not for us", letter: "letter1", from: "12345", keys: stranger, code: "seal_key", field: "keys"},
		{name: "another letter", letter: "letter2", from: "12345", keys: reader, code: "seal_tampered", field: "keys"},
		{name: "another writer", letter: "letter1", from: "119", keys: reader, code: "seal_tampered", field: "keys"},
		{name: "for another reader", letter: "letter1", from: "12345", keys: reader, code: "seal_tampered", field: "keys",
			change: func(p *Part) { p.Keys[0].To = "119" }},
		{name: "another algorithm", letter: "letter1", from: "12345", keys: reader, code: "seal_format", field: "keys",
			change: func(p *Part) { p.Keys[0].Alg = "none" }},
		{name: "another case's", letter: "letter1", from: "12345", keys: reader, code: "seal_key", field: "ciphertext",
			change: func(p *Part) { p.Ciphertext = SealPart(NewCaseKey(), "letter1", nil) }},
		{name: "of another letter of the case", letter: "letter1", from: "12345", keys: reader, code: "seal_tampered", field: "ciphertext",
			change: func(p *Part) { p.Ciphertext = SealPart(key, "letter2", nil) }},
		{name: "no value", letter: "letter1", from: "12345", keys: reader, code: "seal_format", field: "ciphertext",
			change: func(p *Part) { p.Ciphertext = nil }},
	} {
		bad := *p
		bad.Keys = append([]PartKey(nil), p.Keys...)
		if c.change != nil {
			c.change(&bad)
		}
		plain, got, err := OpenPart(c.keys, c.letter, c.from, bad)
		e, ok := err.(*hotline.Error)
		if !ok || e.Code != c.code || e.Field != c.field || plain != nil || !got.Zero() {
			t.Errorf("%s: got %q, %v, %v, want %s (%s)", c.name, plain, got, err, c.code, c.field)
		}
	}
	_, err = WrapPart("letter1", "12345", ciphertext, key, PublicKeys{Platform: "110"})
	wantCode(t, err, "keys_format")
}
