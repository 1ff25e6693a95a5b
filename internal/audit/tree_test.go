package audit

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"liandong/internal/hotline"
	"liandong/internal/seal"
)

// kept is tiles in memory.
type kept map[TileAt][]Hash

func (k kept) read(at TileAt) ([]Hash, error) { return k[at], nil }

func (k kept) add(t testing.TB, size int64, leaves []Hash) {
	t.Helper()
	changed, err := AppendLeaves(size, leaves, k.read)
	if err != nil {
		t.Fatal(err)
	}
	for at, tile := range changed {
		k[at] = tile
	}
}

func leavesOf(from, n int) []Hash {
	out := make([]Hash, n)
	for i := range out {
		out[i] = HashLeaf(fmt.Append(nil, from+i))
	}
	return out
}

// However the leaves come, the tree is the one of RFC 6962, and every proof in
// it holds for its leaf alone.
func TestTree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, roller, size := kept{}, NewRoller(), 0
		roots := map[int]Hash{0: must(roller.Root())}
		for range rapid.IntRange(1, 6).Draw(rt, "appends") {
			n := rapid.SampledFrom([]int{1, 2, 7, 255, 256, 257, 700}).Draw(rt, "leaves")
			for _, l := range leavesOf(size, n) {
				if err := roller.Add(l); err != nil {
					rt.Fatal(err)
				}
			}
			k.add(t, int64(size), leavesOf(size, n))
			size += n
			roots[size] = must(roller.Root())
			if got := must(Root(int64(size), k.read)); got != roots[size] {
				rt.Fatalf("%d leaves: got root %x, want %x", size, got, roots[size])
			}
		}
		i := int64(rapid.IntRange(0, size-1).Draw(rt, "index"))
		path := must(Inclusion(i, int64(size), k.read))
		if !CheckInclusion(i, int64(size), leavesOf(int(i), 1)[0], path, roots[size]) {
			rt.Fatalf("leaf %d of %d: the proof does not hold", i, size)
		}
		if CheckInclusion(i, int64(size), leavesOf(int(i)+1, 1)[0], path, roots[size]) {
			rt.Fatalf("leaf %d of %d: the proof holds for another leaf", i, size)
		}
		for from, root := range roots {
			path := must(Consistency(int64(from), int64(size), k.read))
			if !CheckConsistency(int64(from), int64(size), path, root, roots[size]) {
				rt.Fatalf("%d to %d: the proof does not hold", from, size)
			}
			root[0] ^= 1
			if CheckConsistency(int64(from), int64(size), path, root, roots[size]) {
				rt.Fatalf("%d to %d: the proof holds for another root", from, size)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A tree of three levels of tiles.
func TestGreatTree(t *testing.T) {
	k := kept{}
	const size = 256*256 + 300
	k.add(t, 0, leavesOf(0, size))
	root := must(Root(size, k.read))
	for _, i := range []int64{0, 255, 256, 65535, 65536, size - 1} {
		if !CheckInclusion(i, size, leavesOf(int(i), 1)[0], must(Inclusion(i, size, k.read)), root) {
			t.Errorf("leaf %d: the proof does not hold", i)
		}
	}
	// What is torn out of storage is noticed, and nothing false comes of it.
	delete(k, TileAt{Level: 1, Index: 1})
	if _, err := Root(size, k.read); hotline.CodeOf(err) != "tree_torn" {
		t.Errorf("a tile is missing: got %v, want tree_torn", err)
	}
	if _, err := AppendLeaves(size+1, leavesOf(0, 1), k.read); hotline.CodeOf(err) != "tree_torn" {
		t.Errorf("leaves are missing: got %v, want tree_torn", err)
	}
}

func TestHead(t *testing.T) {
	keys := must(seal.NewKeyring(rand.Reader))
	pub := keys.Public("540000-12345", "测试热线")
	h := Head{Platform: "540000-12345", Size: 7, Root: leavesOf(0, 1)[0], Epoch: 2, At: time.Date(2026, 3, 11, 2, 0, 0, 120_000, time.UTC)}
	signed := must(SignHead(h, keys))
	got, kid, err := OpenHead(signed, pub)
	if err != nil || got != h || kid != pub.Signing[0].ID {
		t.Fatalf("got %+v by %s, %v, want %+v", got, kid, err, h)
	}
	// Any tool that reads notes reads it.
	vkey, err := note.NewEd25519VerifierKey(Origin("540000-12345"), pub.Signing[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open([]byte(signed), note.VerifierList(must(note.NewVerifier(vkey)))); err != nil {
		t.Errorf("sumdb/note: %v", err)
	}
	other := must(seal.NewKeyring(rand.Reader)).Public("540000-12345", "x")
	elsewhere := pub
	elsewhere.Platform = "540000-110"
	ended := pub
	ended.Signing = append([]seal.PublicKey{other.Signing[0]}, pub.Signing...)
	until := h.At.Add(-time.Second)
	ended.Signing[1].Until = &until
	for name, c := range map[string]struct {
		signed, code string
		keys         seal.PublicKeys
	}{
		"other keys":     {signed, "head_signature", other},
		"other platform": {signed, "head_signature", elsewhere},
		"key ended":      {signed, "head_signature", ended},
		"size changed":   {strings.Replace(signed, "\n7\n", "\n8\n", 1), "head_signature", pub},
		"cut":            {signed[:len(signed)-3], "head_form", pub},
		"empty":          {"", "head_form", pub},
		"no head":        {string(must(note.Sign(&note.Note{Text: "x\n"}, &headSigner{platform: "540000-12345", keys: keys, key: pub.Signing[0]}))), "head_form", pub},
	} {
		if _, _, err := OpenHead(c.signed, c.keys); hotline.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
	for _, bad := range []string{"", h.Text() + "x\n", strings.Replace(h.Text(), "\n7\n", "\n07\n", 1), strings.Replace(h.Text(), "epoch 2", "epoch", 1)} {
		if _, err := ParseHead(bad); hotline.CodeOf(err) != "head_form" {
			t.Errorf("%q: got %v, want head_form", bad, err)
		}
	}
}

func TestFollow(t *testing.T) {
	honest, forged := kept{}, kept{}
	leaves := leavesOf(0, 600)
	honest.add(t, 0, leaves)
	other := append([]Hash(nil), leaves...)
	other[7] = leavesOf(9000, 1)[0]
	forged.add(t, 0, other)
	at := time.Date(2026, 3, 11, 2, 0, 0, 0, time.UTC)
	head := func(k kept, size, epoch int64, minute int) Head {
		return Head{Platform: "p", Size: size, Root: must(Root(size, k.read)), Epoch: epoch, At: at.Add(time.Duration(minute) * time.Minute)}
	}
	known := head(honest, 300, 1, 0)
	for _, c := range []struct {
		name string
		next Head
		from int64
		of   kept
		want Verdict
	}{
		{"longer", head(honest, 600, 1, 1), 300, honest, Follows},
		{"the same", head(honest, 300, 1, 1), 0, honest, Follows},
		{"longer, by another proof", head(honest, 600, 1, 1), 200, honest, Untold},
		{"rewritten and longer", head(forged, 600, 1, 1), 300, forged, Rewritten},
		{"rewritten, honest proof", head(forged, 600, 1, 1), 300, honest, Rewritten},
		{"rewritten, as long", head(forged, 300, 1, 1), 0, forged, Rewritten},
		{"shorter", head(honest, 200, 1, 1), 200, honest, Shorter},
		{"an older one, late", head(honest, 200, 1, -1), 200, honest, Late},
		{"restored and shorter", head(honest, 200, 2, 1), 200, honest, Restored},
		{"restored and other", head(forged, 600, 2, 1), 300, forged, Restored},
		{"restored in time", head(honest, 600, 2, 1), 300, honest, Follows},
	} {
		path := must(Consistency(min(c.from, c.next.Size), c.next.Size, c.of.read))
		if got := Follow(known, c.next, c.from, path); got != c.want || got.Broken() != (c.want == Rewritten || c.want == Shorter || c.want == Restored) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	if got := Follow(Head{}, known, 0, nil); got != Follows {
		t.Errorf("the first head: got %s, want it taken", got)
	}
}

// A node with a key of the national suite signs its heads by both; who knows
// one of them only can read them.
func TestHeadOfTwoSuites(t *testing.T) {
	keys := must(must(seal.NewKeyring(rand.Reader)).WithSM2(rand.Reader))
	both := keys.Public("p", "x")
	h := Head{Platform: "p", Size: 1, Root: leavesOf(0, 1)[0], Epoch: 1, At: time.Date(2026, 3, 11, 2, 0, 0, 0, time.UTC)}
	signed := must(SignHead(h, keys))
	if n := strings.Count(signed, "\n— "); n != 2 {
		t.Fatalf("got %d signatures, want two", n)
	}
	one, two := both, both
	one.SigningSM2, two.Signing = nil, nil
	for name, c := range map[string]struct {
		keys seal.PublicKeys
		kid  string
	}{"ed25519": {one, both.Signing[0].ID}, "sm2": {two, both.SigningSM2[0].ID}} {
		got, kid, err := OpenHead(signed, c.keys)
		if err != nil || got != h || kid != c.kid {
			t.Errorf("%s: got %+v by %s, %v", name, got, kid, err)
		}
		if _, _, err := OpenHead(strings.Replace(signed, "\n1\n", "\n2\n", 1), c.keys); hotline.CodeOf(err) != "head_signature" {
			t.Errorf("%s, changed: got %v, want head_signature", name, err)
		}
	}
}
