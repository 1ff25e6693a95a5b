package audit

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"liandong/internal/hotline"
	"liandong/internal/seal"
)

// Head says what a node's log was at a moment: how many records, and the hash
// over all of them.
type Head struct {
	Platform string
	Size     int64
	Root     Hash
	Epoch    int64 // raised when the node was restored from a backup
	At       time.Time
}

// Origin names a log; it is the name of the note's signer, and its first line.
func Origin(platform string) string { return originPrefix + platform }

const originPrefix = "liandong.log/1/"

// Text is the head as it is signed: a checkpoint (C2SP tlog-checkpoint) with
// two lines of our own.
func (h Head) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\nepoch %d\nat %s\n", Origin(h.Platform), h.Size, base64.StdEncoding.EncodeToString(h.Root[:]),
		h.Epoch, h.At.UTC().Format(headTime))
}

const headTime = "2006-01-02T15:04:05.000000Z"

// ParseHead reads the text of a head and refuses every other form of it. The
// error is head_form.
func ParseHead(text string) (Head, error) {
	bad := hotline.Errorf(hotline.Invalid, "head_form", "head")
	lines := strings.Split(text, "\n")
	if len(lines) != 6 {
		return Head{}, bad
	}
	var h Head
	var ok [2]bool
	h.Platform, ok[0] = strings.CutPrefix(lines[0], originPrefix)
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	var epoch int64
	if e, has := strings.CutPrefix(lines[3], "epoch "); has {
		epoch, ok[1] = mustInt(e)
	}
	at, err3 := time.Parse("at "+headTime, lines[4])
	if !ok[0] || !ok[1] || err1 != nil || err2 != nil || err3 != nil || len(root) != 32 || size < 0 {
		return Head{}, bad
	}
	h.Size, h.Root, h.Epoch, h.At = size, Hash(root), epoch, at.UTC()
	if h.Text() != text {
		return Head{}, bad
	}
	return h, nil
}

// ReadHead reads a signed head without looking at its signature: one that was
// opened before.
func ReadHead(signed string) (Head, error) {
	text, _, ok := strings.Cut(signed, "\n\n")
	if !ok {
		return Head{}, hotline.Errorf(hotline.Invalid, "head_form", "head")
	}
	return ParseHead(text + "\n")
}

func mustInt(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// SignHead signs a head: the text, and a line with the signature, as
// golang.org/x/mod/sumdb/note writes and reads it.
func SignHead(h Head, keys seal.KeyService) (string, error) {
	if h.Platform == "" || strings.ContainsAny(h.Platform, " +\n") {
		return "", hotline.Errorf(hotline.Invalid, "head_form", "platform")
	}
	var signers []note.Signer
	for _, k := range keys.Public(h.Platform, h.Platform).Current() { // by every suite that the node has a key of
		signers = append(signers, &headSigner{platform: h.Platform, keys: keys, key: k})
	}
	msg, err := note.Sign(&note.Note{Text: h.Text()}, signers...)
	if err != nil {
		return "", fmt.Errorf("sign a head: %w", err)
	}
	return string(msg), nil
}

// headSigner signs with a current key of a node.
type headSigner struct {
	platform string
	keys     seal.KeyService
	key      seal.PublicKey
}

func (s *headSigner) Name() string { return Origin(s.platform) }

func (s *headSigner) KeyHash() uint32 { return seal.NoteKeyHash(s.Name(), s.key) }

func (s *headSigner) Sign(msg []byte) ([]byte, error) {
	sig, err := s.keys.SignAs(s.key.Alg, msg)
	return sig.Value, err
}

// OpenHead reads a signed head and checks that one of the keys signed it, at a
// time at which that key was good. keyID is the key. Errors are Invalid:
// head_form, head_signature.
func OpenHead(signed string, keys seal.PublicKeys) (h Head, keyID string, err error) {
	var known []note.Verifier
	for _, k := range keys.AllSigning() {
		known = append(known, &headVerifier{name: Origin(keys.Platform), key: k})
	}
	n, err := note.Open([]byte(signed), note.VerifierList(known...))
	if _, unverified := err.(*note.UnverifiedNoteError); unverified {
		return Head{}, "", hotline.Errorf(hotline.Invalid, "head_signature", "head")
	}
	if _, wrong := err.(*note.InvalidSignatureError); wrong {
		return Head{}, "", hotline.Errorf(hotline.Invalid, "head_signature", "head")
	}
	if err != nil {
		return Head{}, "", &hotline.Error{Kind: hotline.Invalid, Code: "head_form", Field: "head", Cause: err}
	}
	if h, err = ParseHead(n.Text); err != nil {
		return Head{}, "", err
	}
	for _, s := range n.Sigs {
		for _, v := range known {
			k := v.(*headVerifier).key
			if s.Hash == v.KeyHash() && h.Platform == keys.Platform && (k.Until == nil || !h.At.After(*k.Until)) {
				return h, k.ID, nil
			}
		}
	}
	return Head{}, "", hotline.Errorf(hotline.Invalid, "head_signature", "head")
}

type headVerifier struct {
	name string
	key  seal.PublicKey
}

func (v *headVerifier) Name() string    { return v.name }
func (v *headVerifier) KeyHash() uint32 { return seal.NoteKeyHash(v.name, v.key) }
func (v *headVerifier) Verify(msg, sig []byte) bool {
	return v.key.Signed(msg, sig)
}
