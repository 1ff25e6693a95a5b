package desk_test

import (
	"fmt"
	"slices"
	"testing"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/triage"
)

// boats are texts of a matter that only this place knows, invented: none is
// like another, and what kind they are people here have agreed upon.
func boats(from, n int) []string {
	what := []string{"栈道缺了两块板", "昨天又停航了", "票不能退", "几点开门", "救生衣都旧了", "排队要两个小时", "船长不让老人上船"}
	how := []string{"没有人管", "希望处理", "想问一下", "多次打电话没人接", "请派人看看"}
	var out []string
	for i := from; i < from+n; i++ {
		out = append(out, fmt.Sprintf("冰湖游艇第%d号%s，%s", i, what[i%len(what)], how[i%len(how)]))
	}
	return out
}

// A model learns from what was decided in sight of a proposal, is judged on
// what was decided blind, and is at work only once a person has said so and it
// is better; a person takes it back without proof.
func TestModels(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		editor := w.actor(hotline.Editor, "", "")
		shipped := triage.Shipped().Version
		_, err := w.TrainModel(ctx, editor)
		wantCode(t, "train on nothing", err, "model_lessons")
		decide := func(texts []string, class string, seen bool) (ids []string) {
			for _, s := range texts {
				ids = append(ids, w.take(s, func(in *desk.In) { in.Category, in.Seen = class, seen }).ID)
			}
			return ids
		}
		seen := decide(boats(0, desk.LessonsLeast+1), "A09", true)
		decide(boats(100, 20), "A09", false)
		m := must(w.TrainModel(ctx, editor))(t)
		if m.Live || m.Examples != len(seen) || m.Base != shipped || m.Judged == nil || m.Judged.N != 20 || m.Judged.Refused() != desk.TooFew {
			t.Fatalf("trained: got %+v, %+v, want one of %d lessons, judged on 20", m, m.Judged, len(seen))
		}
		_, err = w.PublishModel(ctx, editor, m.Version, shipped)
		wantCode(t, "publish on too few", err, "model_refused_few")

		decide(boats(200, desk.HeldOutLeast), "A09", false)
		_, err = w.PublishModel(ctx, editor, m.Version, "another")
		wantCode(t, "publish over one not seen", err, "model_changed")
		_, err = w.PublishModel(ctx, editor, "nobody", shipped)
		wantCode(t, "publish what is not there", err, "model_not_found")
		_, err = w.PublishModel(ctx, w.lead, m.Version, shipped)
		if hotline.KindOf(err) != hotline.Denied {
			t.Errorf("a shift leader publishes: got %v, want denied", err)
		}
		before := w.Triage(boats(500, 1)[0], "")
		got := must(w.PublishModel(ctx, editor, m.Version, shipped))(t)
		if j := got.Judged; !got.Live || j.N != 120 || j.New.Right <= j.Old.Right || j.Better-j.Worse != j.New.Right-j.Old.Right || j.New.Danger != j.Old.Danger {
			t.Errorf("published: got %+v, %+v, want it at work and better on 120", got, j)
		}
		after := w.Triage(boats(500, 1)[0], "")
		if before.Category == "A09" || after.Category != "A09" || after.Version == before.Version {
			t.Errorf("proposals: got %s by %s, then %s by %s, want A09 once the new model is at work", before.Category, before.Version, after.Category, after.Version)
		}

		// Another process of the same platform takes it up, too.
		other := w.process()
		if err := other.RefreshModel(ctx); err != nil || other.Triage(boats(500, 1)[0], "").Category != "A09" {
			t.Errorf("in another process: %v, want the new model", err)
		}

		// The same lessons give the same model; one that was forgotten is missed.
		if again := must(w.TrainModel(ctx, editor))(t); again.Version != m.Version {
			t.Errorf("trained again: got %s, want %s", again.Version, m.Version)
		}
		must(w.Close(ctx, w.lead, seen[0], desk.Closing{Outcome: casefile.OnTheSpot}))(t)
		must(w.Erase(ctx, w.lead, seen[0], nil, "当事人申请删除"))(t)
		if again := must(w.TrainModel(ctx, editor))(t); again.Version == m.Version || again.Examples != len(seen)-1 {
			t.Errorf("after an erasure: got %s of %d, want another model of %d", again.Version, again.Examples, len(seen)-1)
		} else if why := again.Judged.Refused(); why == "" {
			t.Errorf("a model no better than the one at work may be put to work: %+v", again.Judged)
		} else {
			_, err := w.PublishModel(ctx, editor, again.Version, m.Version)
			wantCode(t, "publish what is no better", err, "model_refused_"+why)
		}

		back := must(w.RollBackModel(ctx, editor, m.Version))(t)
		if !back.Live || !back.Shipped || w.Triage(boats(500, 1)[0], "").Category == "A09" {
			t.Errorf("rolled back: got %+v, want the shipped model at work", back)
		}
		_, err = w.RollBackModel(ctx, editor, shipped)
		wantCode(t, "roll back further", err, "model_nothing_before")
		ms := must(w.Models(ctx, w.lead))(t)
		if ms.Live().Version != shipped || len(ms.Uses) != 2 || ms.Uses[0].Version != shipped || ms.Uses[1].Version != m.Version || ms.Uses[0].ByName != editor.Name {
			t.Errorf("models: got %+v", ms)
		}
		if _, err := w.Models(ctx, w.clerk(urban)); hotline.KindOf(err) != hotline.Denied {
			t.Errorf("a clerk: got %v, want denied", err)
		}
	})
}

// A model is put to work where it is better, by more than luck, and loses no
// danger.
func TestModelRefused(t *testing.T) {
	good := desk.Comparison{N: 200, Urgent: 10, Old: desk.Score{Right: 150, Danger: 9, Alarms: 4}, New: desk.Score{Right: 162, Danger: 9, Alarms: 4}, Better: 15, Worse: 3, Luck: 0.004}
	for _, tc := range []struct {
		want   string
		change func(*desk.Comparison)
	}{
		{"", func(*desk.Comparison) {}},
		{desk.TooFew, func(c *desk.Comparison) { c.N = 99 }},
		{desk.NotBetter, func(c *desk.Comparison) { c.Better, c.Worse = 3, 3 }},
		{desk.MayBeLuck, func(c *desk.Comparison) { c.Luck = 0.06 }},
		{desk.LostDanger, func(c *desk.Comparison) { c.New.Danger = 8 }},
		{desk.MoreAlarms, func(c *desk.Comparison) { c.New.Alarms = 5 }},
	} {
		c := good
		if tc.change(&c); c.Refused() != tc.want {
			t.Errorf("%+v: got %q, want %q", c, c.Refused(), tc.want)
		}
	}
	if !slices.Contains([]string{desk.NotBetter, desk.MayBeLuck}, desk.Comparison{N: 200, Luck: 1}.Refused()) {
		t.Error("two equal models: want the new one refused")
	}
}
