package desk_test

import (
	"bytes"
	"database/sql"
	"slices"
	"strings"
	"testing"

	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/proof"
	"liandong/internal/seal"
)

// exported is a case as its file is verified, with the node's keys pinned.
func (w *world) exported(id, reason string) (proof.Report, string) {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.ExportCase(w.t.Context(), w.lead, id, reason, &b); err != nil {
		w.t.Fatal(err)
	}
	return w.verified(b.String()), b.String()
}

func (w *world) exportedLog() proof.Report {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.ExportLog(w.t.Context(), w.lead, &b); err != nil {
		w.t.Fatal(err)
	}
	return w.verified(b.String())
}

func (w *world) verified(file string) proof.Report {
	w.t.Helper()
	mine := w.keys.Public(w.Node().Platform, w.Node().Name)
	return must(proof.Verify(strings.NewReader(file), proof.Options{Keys: map[string]seal.PublicKeys{mine.Platform: mine}}))(w.t)
}

// A case that was transferred, worked on and fed back, at both ends.
func proven(t *testing.T, engine string) (a, b *world, here, there string) {
	t.Helper()
	a, b = newWorld(t, engine, "12345"), newWorld(t, engine, "110")
	p := joinDesks(t, a, b)
	c := a.send(a.take(plain).ID, to("110"))
	p.settle()
	id := c.Legs[0].ID
	b.act(b.lead, id, leg.Accept, leg.Progress, leg.Feedback)
	p.settle()
	return a, b, c.ID, b.leg(id).CaseID
}

func TestExport(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			a, b, here, there := proven(t, engine)
			for _, side := range []struct {
				w  *world
				id string
			}{{a, here}, {b, there}} {
				r, file := side.w.exported(side.id, "")
				if !r.OK || !r.Pinned || r.Events < 5 || r.Letters != 4 || r.Erased > 0 || r.Unindexed > 0 {
					t.Errorf("%s: got %+v, want it whole", side.w.Node().Line, r)
				}
				for _, secret := range []string{"13900000001", "张测试", "测试路1号院", plain, `"wrapped"`} {
					if strings.Contains(file, secret) {
						t.Errorf("%s: a sealed export says %q", side.w.Node().Line, secret)
					}
				}
				before := side.w.kinds(side.id)["viewed"]
				r, file = side.w.exported(side.id, "市局复核要求")
				if !r.OK || side.w == a && !strings.Contains(file, plain) || side.w.kinds(side.id)["viewed"] != before+1 || strings.Count(file, `"kind":"viewed"`) != before+1 {
					t.Errorf("%s, with a reason: got %+v; %d views, want the words, and the view an event in it", side.w.Node().Line, r, side.w.kinds(side.id)["viewed"])
				}
				if r := side.w.exportedLog(); !r.OK || r.Events < 5 || r.Letters != 4 || r.Heads < 1 {
					t.Errorf("%s: got the log %+v, want it whole", side.w.Node().Line, r)
				}
			}
			a.take(plain)
			if r := a.exportedLog(); !r.OK || r.Unindexed == 0 {
				t.Errorf("got %+v, want what is not yet indexed to be told", r)
			}
		})
	}
}

func TestExportRights(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.send(w.take(plain).ID, to("unit:"+housing)).ID
		for name, c := range map[string]struct {
			a                    hotline.Actor
			sealed, clear, whole string
		}{
			"leader":         {w.lead, "", "", ""},
			"auditor":        {w.actor(hotline.Auditor, "", ""), "", "", ""},
			"operator":       {w.actor(hotline.Operator, "", ""), "denied", "denied", "denied"},
			"administrator":  {w.actor(hotline.Administrator, "", ""), "case_not_found", "case_not_found", ""},
			"clerk":          {w.clerk(housing), "denied", "denied", "denied"},
			"another region": {w.actor(hotline.ShiftLeader, shigatse, ""), "case_not_found", "case_not_found", "denied"},
			"program":        {token("p", hotline.SeeCases, hotline.ExportProof), "", "denied", ""},
		} {
			var b bytes.Buffer
			for reason, want := range map[string]string{"": c.sealed, "复核": c.clear} {
				if err := w.ExportCase(t.Context(), c.a, id, reason, &b); hotline.CodeOf(err) != want && (err != nil || want != "") {
					t.Errorf("%s, reason %q: got %v, want %q", name, reason, err, want)
				}
			}
			if err := w.ExportLog(t.Context(), c.a, &b); hotline.CodeOf(err) != c.whole && (err != nil || c.whole != "") {
				t.Errorf("%s, log: got %v, want %q", name, err, c.whole)
			}
		}
	})
}

// Rows that somebody writes into behind the program's back are named, by the
// export of the case and by the log.
func TestRewrittenRows(t *testing.T) {
	for _, engine := range engines {
		for name, c := range map[string]struct {
			sql        string
			kind, code string // what is named: the event of that kind, or the letter
		}{
			"body":          {`UPDATE event SET body = '{"forged":1}' WHERE id = '{event}'`, "accept", proof.RecordChanged},
			"no JSON":       {`UPDATE event SET body = '{' WHERE id = '{event}'`, "accept", proof.RecordChanged},
			"time":          {`UPDATE event SET at = at - 60000000 WHERE id = '{event}'`, "accept", proof.RecordChanged},
			"actor":         {`UPDATE event SET actor_id = 'somebody' WHERE id = '{event}'`, "accept", proof.RecordChanged},
			"commitment":    {`UPDATE event SET commitment = '' WHERE id = '{event}'`, "feedback", proof.RecordChanged},
			"sent letter":   {`UPDATE letter_out SET content = replace(content, '"level":3', '"level":4')`, "", proof.LetterChanged},
			"peer's letter": {`UPDATE letter_in SET content = replace(content, '测试班长', '测试班副') WHERE type = 'accept'`, "", proof.LetterSignature},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				w, _, id, _ := proven(t, engine)
				if err := w.Sequence(t.Context()); err != nil {
					t.Fatal(err)
				}
				event := ""
				for _, e := range must(w.st.Reader().EventsOf(t.Context(), id, "", 1000))(t) {
					if e.Kind == c.kind {
						event = e.ID
					}
				}
				if n := w.rewrite(strings.ReplaceAll(c.sql, "{event}", event)); n == 0 {
					t.Fatal("nothing was rewritten")
				}
				r, _ := w.exported(id, "")
				for what, r := range map[string]proof.Report{"case": r, "log": w.exportedLog()} {
					if r.OK || !slices.ContainsFunc(r.Faults, func(f proof.Fault) bool {
						return f.Code == c.code && f.Record == event && (event != "") != (f.Letter != "")
					}) {
						t.Errorf("%s: got %+v, want %s of event %q", what, r.Faults, c.code, event)
					}
				}
			})
		}
	}
}

// A row, its leaf and its tile rewritten together: the head tells.
func TestRewrittenLeaf(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		id := w.take(plain).ID
		for range 3 {
			w.take(plain)
		}
		if err := w.Sequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, _ := w.exported(id, ""); !r.OK {
			t.Fatalf("before: got %+v", r)
		}
		// The first two hashes of the tile change places.
		blob := "BLOB"
		if w.st.Postgres() {
			blob = "BYTEA"
		}
		w.rewrite(`UPDATE tree_tile SET hashes = CAST(substr(hashes, 33, 32) || substr(hashes, 1, 32) || substr(hashes, 65) AS ` + blob + `) WHERE level = 0`)
		if r := w.exportedLog(); r.OK || !slices.ContainsFunc(r.Faults, func(f proof.Fault) bool { return f.Code == proof.HeadRoot }) {
			t.Errorf("a tile was rewritten: got %+v, want the head to tell", r)
		}
		w.rewrite(`DELETE FROM tree_tile`)
		var b bytes.Buffer
		if err := w.ExportCase(t.Context(), w.lead, id, "", &b); hotline.CodeOf(err) != "tree_torn" {
			t.Errorf("tiles are gone: got %v, want tree_torn", err)
		}
	})
}

// rewrite changes the database behind the program's back.
func (w *world) rewrite(q string) int64 {
	w.t.Helper()
	driver, dsn := "pgx", w.dsn
	if !w.st.Postgres() {
		driver, dsn = "sqlite", "file:"+w.dsn+"?_pragma=busy_timeout(10000)"
	}
	db := must(sql.Open(driver, dsn))(w.t)
	defer db.Close()
	res := must(db.ExecContext(w.t.Context(), q))(w.t)
	return must(res.RowsAffected())(w.t)
}
