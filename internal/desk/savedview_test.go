package desk_test

import (
	"fmt"
	"strings"
	"testing"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/store"
)

// A view is a filter under a name, for its person alone, with nothing personal
// in it.
func TestSavedViews(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		me, other := w.actor(hotline.Operator, "", ""), w.actor(hotline.Operator, "", "")
		me.ID, other.ID = "me", "other"
		for _, a := range []hotline.Actor{me, other} {
			p := store.Person{ID: a.ID, Login: a.ID, Name: a.Name, Role: a.Role, Active: true, CreatedAt: w.clock.Now()}
			if err := w.st.Write(ctx, func(tx *store.Tx) error { return tx.AddPerson(ctx, p) }); err != nil {
				t.Fatal(err)
			}
		}
		for query, code := range map[string]string{
			"":                          "view_empty",
			"cursor=1":                  "view_filter",
			"status=open&status=closed": "view_filter",
			"urgent=13900000001":        "view_filter",
			"sort=due":                  "view_filter",
			"a;b":                       "view_filter",
			"status=13900000001":        "status_unknown",
			"category=张三":               "category_unknown",
			"region=13900000001":        "region_unknown",
			"q=路灯+13900000001":          "view_personal",
			"q=139-0000-0001":           "view_personal",
			"q=540102199001011234":      "view_personal",
			"q=５４０１０２１９９００１０１１２３Ｘ": "view_personal",
			"q=来电人李四":                       "view_personal",
			"q=a%40b.cn":                    "view_personal",
			"q=a%0Ab":                       "text_control",
			"q=" + strings.Repeat("灯", 101): "text_long",
		} {
			wantCode(t, query, w.SaveView(ctx, me, "名", query), code)
		}
		for name, code := range map[string]string{"": "text_empty", " ": "text_empty", strings.Repeat("长", 41): "text_long", "13900000001": "view_personal"} {
			wantCode(t, name, w.SaveView(ctx, me, name, "urgent=1"), code)
		}
		wantCode(t, "by who sees no cases", w.SaveView(ctx, w.actor(hotline.Administrator, "", ""), "名", "urgent=1"), "denied")

		for i := range desk.SavedViewsMost {
			if err := w.SaveView(ctx, me, fmt.Sprintf("视图%d", i), "urgent=1&q=路灯&region=540102"); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, "one too many", w.SaveView(ctx, me, "再一个", "urgent=1"), "views_most")
		list, err := w.SavedViews(ctx, me)
		if err != nil || len(list) != desk.SavedViewsMost || list[0].Name != "视图0" || list[0].Query != "q=%E8%B7%AF%E7%81%AF&region=540102&urgent=1" {
			t.Fatalf("got %d, %v, want all of them, the oldest first", len(list), err)
		}
		if theirs, err := w.SavedViews(ctx, other); err != nil || len(theirs) != 0 {
			t.Errorf("somebody else: got %d, %v, want none", len(theirs), err)
		}
		wantCode(t, "renamed by somebody else", w.RenameView(ctx, other, list[0].ID, "x"), "view_not_found")
		wantCode(t, "dropped by somebody else", w.DropView(ctx, other, list[0].ID), "view_not_found")
		wantCode(t, "renamed to a number", w.RenameView(ctx, me, list[0].ID, "13900000001"), "view_personal")
		wantCode(t, "renamed to another's name", w.RenameView(ctx, me, list[0].ID, "视图1"), "view_taken")
		if err := w.RenameView(ctx, me, list[0].ID, "夜班"); err != nil {
			t.Fatal(err)
		}
		if err := w.DropView(ctx, me, list[1].ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "saved under a name that is there", w.SaveView(ctx, me, "夜班", "urgent=1"), "view_taken")
		if list, err = w.SavedViews(ctx, me); err != nil || len(list) != desk.SavedViewsMost-1 || list[0].Name != "夜班" || list[1].Name != "视图2" {
			t.Errorf("afterwards: got %d, %v", len(list), err)
		}
	})
}
