package audit

import (
	"bytes"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"liandong/internal/hotline"
)

// Hash is a leaf or a node of the tree.
type Hash = [32]byte

// The tree is kept in tiles of 256 hashes: tile i of level l holds the nodes
// 256·i to 256·i+255 that stand 8·l above the leaves. Every other node is
// hashed from one tile, so an append writes a tile or two, and a proof reads a
// few.
const (
	tileHeight = 8
	TileWidth  = 1 << tileHeight
)

// TileAt says which tile is meant.
type TileAt struct {
	Level int
	Index int64
}

// Tiles reads a tile, as far as it is filled; one that is not there is empty.
type Tiles func(TileAt) ([]Hash, error)

// AppendLeaves adds leaves to a tree of a size and gives the tiles that change, whole.
func AppendLeaves(size int64, leaves []Hash, read Tiles) (map[TileAt][]Hash, error) {
	changed := map[TileAt][]Hash{}
	for level, at := 0, size; len(leaves) > 0; level, at = level+1, at/TileWidth {
		var full []Hash
		for len(leaves) > 0 {
			where := TileAt{Level: level, Index: at / TileWidth}
			have := int(at % TileWidth)
			n := min(TileWidth-have, len(leaves))
			var tile []Hash
			if have > 0 {
				was, err := read(where)
				if err != nil {
					return nil, err
				}
				if len(was) != have {
					return nil, hotline.Errorf(hotline.Internal, "tree_torn", "", level, where.Index, len(was), have)
				}
				tile = append(tile, was...)
			}
			tile = append(tile, leaves[:n]...)
			changed[where] = tile
			leaves, at = leaves[n:], at+int64(n)
			if len(tile) == TileWidth {
				full = append(full, combine(tile))
			}
		}
		at -= at % TileWidth
		leaves, at = full, at-int64(len(full))*TileWidth
	}
	return changed, nil
}

// Over reads what has changed before what is stored.
func Over(changed map[TileAt][]Hash, read Tiles) Tiles {
	return func(at TileAt) ([]Hash, error) {
		if tile, ok := changed[at]; ok {
			return tile, nil
		}
		return read(at)
	}
}

// combine is the node over a power of two of nodes.
func combine(nodes []Hash) Hash {
	nodes = append([]Hash(nil), nodes...)
	for len(nodes) > 1 {
		for i := range len(nodes) / 2 {
			nodes[i] = pair(nodes[2*i][:], nodes[2*i+1][:])
		}
		nodes = nodes[:len(nodes)/2]
	}
	return nodes[0]
}

func pair(left, right []byte) (h Hash) {
	copy(h[:], rfc6962.DefaultHasher.HashChildren(left, right))
	return h
}

// node is a full node of the tree.
func node(id compact.NodeID, read Tiles) (Hash, error) {
	level, over := int(id.Level)/tileHeight, id.Level%tileHeight
	first := int64(id.Index) << over
	where := TileAt{Level: level, Index: first / TileWidth}
	tile, err := read(where)
	if err != nil {
		return Hash{}, err
	}
	from := int(first % TileWidth)
	if from+1<<over > len(tile) {
		return Hash{}, hotline.Errorf(hotline.Internal, "tree_torn", "", level, where.Index, len(tile), from+1<<over)
	}
	return combine(tile[from : from+1<<over]), nil
}

// Root is the hash over the first size leaves.
func Root(size int64, read Tiles) (Hash, error) {
	if size == 0 {
		return Hash(rfc6962.DefaultHasher.EmptyRoot()), nil
	}
	var root []byte
	ids := compact.RangeNodes(0, uint64(size), nil)
	for i := len(ids) - 1; i >= 0; i-- {
		h, err := node(ids[i], read)
		if err != nil {
			return Hash{}, err
		}
		if root == nil {
			root = h[:]
			continue
		}
		up := pair(h[:], root)
		root = up[:]
	}
	return Hash(root), nil
}

// Inclusion proves that a leaf stands at an index of the tree of a size.
func Inclusion(index, size int64, read Tiles) ([][]byte, error) {
	if index < 0 || index >= size {
		return nil, hotline.Errorf(hotline.Invalid, "tree_index", "index", index, size)
	}
	nodes, err := proof.Inclusion(uint64(index), uint64(size))
	if err != nil {
		return nil, fmt.Errorf("inclusion of %d in %d: %w", index, size, err)
	}
	return rehash(nodes, read)
}

// Consistency proves that the tree of size to begins with the tree of size from.
func Consistency(from, to int64, read Tiles) ([][]byte, error) {
	if from < 0 || from > to {
		return nil, hotline.Errorf(hotline.Invalid, "tree_index", "from", from, to)
	}
	if from == 0 || from == to {
		return nil, nil
	}
	nodes, err := proof.Consistency(uint64(from), uint64(to))
	if err != nil {
		return nil, fmt.Errorf("consistency of %d with %d: %w", from, to, err)
	}
	return rehash(nodes, read)
}

func rehash(nodes proof.Nodes, read Tiles) ([][]byte, error) {
	hashes := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		h, err := node(id, read)
		if err != nil {
			return nil, err
		}
		hashes[i] = h[:]
	}
	return nodes.Rehash(hashes, rfc6962.DefaultHasher.HashChildren)
}

// CheckInclusion says whether the proof holds for a leaf under a root.
func CheckInclusion(index, size int64, leaf Hash, path [][]byte, root Hash) bool {
	return index >= 0 && size > 0 && proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), leaf[:], path, root[:]) == nil
}

// CheckConsistency says whether the proof shows that the greater tree begins
// with the smaller one.
func CheckConsistency(from, to int64, path [][]byte, fromRoot, toRoot Hash) bool {
	switch {
	case from < 0 || to < from:
		return false
	case from == 0:
		return len(path) == 0 && bytes.Equal(fromRoot[:], rfc6962.DefaultHasher.EmptyRoot())
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(from), uint64(to), path, fromRoot[:], toRoot[:]) == nil
}

// HashLeaf is the leaf hash of a canonical record.
func HashLeaf(canonical []byte) (h Hash) {
	copy(h[:], rfc6962.DefaultHasher.HashLeaf(canonical))
	return h
}

// Roller computes roots while leaves go by, in order.
type Roller struct {
	r *compact.Range
}

// NewRoller begins with an empty tree.
func NewRoller() *Roller {
	f := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	return &Roller{r: f.NewEmptyRange(0)}
}

// Add takes the next leaf.
func (r *Roller) Add(leaf Hash) error { return r.r.Append(leaf[:], nil) }

// Root is the root over what has gone by.
func (r *Roller) Root() (Hash, error) {
	if r.r.End() == 0 {
		return Hash(rfc6962.DefaultHasher.EmptyRoot()), nil
	}
	root, err := r.r.GetRootHash(nil)
	if err != nil {
		return Hash{}, err
	}
	return Hash(root), nil
}
