package audit

// Verdict is what a later head of a log says of the earlier one that is known.
type Verdict string

const (
	Follows   Verdict = "follows"   // the log begins with what was known
	Late      Verdict = "late"      // an earlier head that came after a later one
	Untold    Verdict = "untold"    // its proof begins elsewhere: nothing can be said yet
	Rewritten Verdict = "rewritten" // the log does not begin with what was known
	Shorter   Verdict = "shorter"   // signed later, over less
	Restored  Verdict = "restored"  // a new epoch whose log does not begin with what was known
)

// Broken says that the log is not the one that was known.
func (v Verdict) Broken() bool { return v == Rewritten || v == Shorter || v == Restored }

// Follow judges a head against the one known before; from is where its
// consistency proof begins. Both must have been opened by OpenHead.
func Follow(known, next Head, from int64, path [][]byte) Verdict {
	if known.Size == 0 {
		return Follows
	}
	v := follow(known, next, from, path)
	if next.Epoch > known.Epoch && (v == Rewritten || v == Shorter) {
		return Restored
	}
	return v
}

func follow(known, next Head, from int64, path [][]byte) Verdict {
	switch {
	case next.Size == known.Size && next.Root == known.Root:
		return Follows
	case next.Size == known.Size:
		return Rewritten
	case next.Size < known.Size && next.At.After(known.At):
		return Shorter
	case next.Size < known.Size:
		return Late
	case from != known.Size:
		return Untold
	case CheckConsistency(from, next.Size, path, known.Root, next.Root):
		return Follows
	}
	return Rewritten
}
