// Package storetest holds what a storage engine must do, as tests: one suite,
// run on SQLite and on PostgreSQL, and open to any engine that comes after.
// It also opens fresh databases for the tests of other packages. Only test
// files may import it.
package storetest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/casefile"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/pgtest"
	"liandong/internal/store"
)

// Engines are the names of the engines that every storage test runs on.
var Engines = []string{"sqlite", "postgres"}

// DSN is the address of a new, empty database of an engine, which goes when
// the test ends.
func DSN(t testing.TB, engine string) string {
	t.Helper()
	if engine == "postgres" {
		return pgtest.DSN(t)
	}
	return filepath.Join(t.TempDir(), "test.db")
}

// Open opens a store and closes it when the test ends.
func Open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close: got %v, want no error", err)
		}
	})
	return st
}

// Each runs a test on a fresh database of every engine.
func Each(t *testing.T, test func(t *testing.T, st *store.Store)) {
	t.Helper()
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) { test(t, Open(t, DSN(t, engine))) })
	}
}

// Conform runs the whole suite; fresh opens an empty database each time.
func Conform(t *testing.T, fresh func(testing.TB) *store.Store) {
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) { c.check(t, fresh(t)) })
	}
}

var suite = []struct {
	name  string
	check func(*testing.T, *store.Store)
}{
	{"case round trip", caseRoundTrip},
	{"case guard", caseGuard},
	{"case not found", caseNotFound},
	{"personal part", personalPart},
	{"whole case", wholeCase},
	{"personal parts of many", personalPartsOfMany},
	{"numbers", numbers},
	{"judgements", judgements},
	{"models", models},
	{"attachments", attachments},
	{"uploads that ended", uploadsEnd},
	{"attachments erased", attachmentsErased},
	{"attachments shared", attachmentsShared},
	{"files of an intake", intakeFiles},
	{"holding", holding},
	{"cases by phone", casesByPhone},
	{"group members", groupMembers},
	{"intake keys", intakeKeys},
	{"case lists: filters", caseFilters},
	{"case lists: newest first", casesNewestFirst},
	{"case lists: by due time", casesByDue},
	{"open counts", openCounts},
	{"search", search},
	{"search, page by page", searchPages},
	{"search index", searchIndex},
	{"leg round trip", legRoundTrip},
	{"leg guard", legGuard},
	{"legs of cases", legsOfCases},
	{"unit legs", unitLegs},
	{"desk lists of legs", deskLists},
	{"clock round trip", clockRoundTrip},
	{"clocks stop once", clocksStopOnce},
	{"clocks fire once", clocksFireOnce},
	{"due clocks", dueClocks},
	{"events", events},
	{"places in the tree", places},
	{"tiles and heads", tilesAndHeads},
	{"heads of peers", peerHeads},
	{"erasures", erasures},
	{"told keys", toldKeys},
	{"letter out round trip", letterOutRoundTrip},
	{"letters handed over", lettersHanded},
	{"due letters", dueLetters},
	{"letters behind others", lettersBehind},
	{"letters that people carry", lettersByHand},
	{"a letter ends once", letterEndsOnce},
	{"a letter that was read ends", endWaiting},
	{"a void takes the number", voidTakesNumber},
	{"revived and hurried letters", revivedAndHurried},
	{"traffic of a link", traffic},
	{"lists of letters out", listsOfLettersOut},
	{"letter in round trip", letterInRoundTrip},
	{"what is known of a letter", arrival},
	{"letters in", lettersIn},
	{"refusals", refusals},
	{"refusals are bounded", refusalsAreBounded},
	{"node", node},
	{"links", links},
	{"subscribers", subscribers},
	{"link health", linkHealth},
	{"outages", outages},
	{"differences", differences},
	{"comparisons", comparisons},
	{"digests", digests},
	{"digests of consultations", consultationDigests},
	{"quiet", quiet},
	{"documents", documents},
	{"leases", leases},
	{"disputes", disputes},
	{"supervision orders", supervisions},
	{"supervisor's board", watched},
	{"facts of legs", facts},
	{"suspensions", suspensions},
	{"asks for a suspension", suspensionAsks},
	{"consultations", consultations},
	{"returned items", returnedItems},
	{"consultations by letter", consultLetters},
	{"unfounded returns", unfoundedReturns},
	{"objections", objections},
	{"draws of closed cases", draws},
	{"unreasonable demands", unreasonables},
	{"people", people},
	{"sessions", sessions},
	{"tokens", tokens},
	{"failed sign-ins", failures},
	{"people put out", putOut},
	{"tokens end", tokensEnd},
	{"the board on the wall", wall},
	{"hand-overs of shifts", shifts},
	{"drafts of the catalogue", drafts},
	{"saved views", savedViews},
	{"notices", notices},
	{"recipients of notices", noticeRecipients},
	{"messages of notices", noticeMessages},
	{"bells", bells},
}

// start is a moment with microseconds, as storage keeps them.
var start = time.Date(2026, 3, 11, 2, 0, 0, 123456000, time.UTC)

// write runs a closure that must succeed.
func write(t *testing.T, st *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := st.Write(t.Context(), fn); err != nil {
		t.Fatalf("write: got %v, want no error", err)
	}
}

// want compares what was read with what was written.
func want[T any](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: got error %v, want none", what, err)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}

// wantCode compares the kind and the code of a refusal.
func wantCode(t *testing.T, what string, err error, kind hotline.Kind, code string) {
	t.Helper()
	if err == nil || hotline.KindOf(err) != kind || hotline.CodeOf(err) != code {
		t.Errorf("%s: got error %v, want %s %s", what, err, kind, code)
	}
}

// newCase is a plausible case whose rarely used fields are empty.
func newCase(change ...func(*store.CaseRow)) *store.CaseRow {
	c := &store.CaseRow{Case: casefile.Case{
		ID: hotline.NewID(), Status: casefile.Open, Channel: "phone", Kind: casefile.Help, Level: 3, Category: "A06",
		Region: "540102", Catalogue: "xizang-2025.1", OccurredAt: start, CreatedAt: start,
	}, Line: "12345", Proposal: "{}"}
	for _, f := range change {
		f(c)
	}
	return c
}

// addCase writes a case.
func addCase(t *testing.T, st *store.Store, change ...func(*store.CaseRow)) *store.CaseRow {
	t.Helper()
	c := newCase(change...)
	write(t, st, func(tx *store.Tx) error { return tx.AddCase(t.Context(), c) })
	return c
}

// addLeg writes a leg of a case.
func addLeg(t *testing.T, st *store.Store, caseID string, change ...func(*store.LegRow)) *store.LegRow {
	t.Helper()
	l := &store.LegRow{Leg: leg.Leg{
		ID: hotline.NewID(), CaseID: caseID, Side: leg.Sender, Unit: "540102-zjj", Role: leg.Lead, State: leg.Received,
		Version: 1, SentAt: start,
	}, MovedAt: start}
	for _, f := range change {
		f(l)
	}
	write(t, st, func(tx *store.Tx) error { return tx.AddLeg(t.Context(), l) })
	return l
}

// ids lists the ids of rows, for a short comparison.
func ids[T any](rows []T, id func(T) string) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = id(r)
	}
	return out
}

func caseID(c store.CaseRow) string        { return c.ID }
func legID(l store.LegRow) string          { return l.ID }
func letterOutID(l store.LetterOut) string { return l.ID }
func letterInID(l store.LetterIn) string   { return l.ID }
