package desk_test

import (
	_ "embed"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
)

//go:embed testdata/similar.txt
var similarTexts string

// matters are the blocks of testdata/similar.txt.
func matters(t *testing.T) (out [][]string) {
	t.Helper()
	for _, block := range strings.Split(similarTexts, "\n\n") {
		var lines []string
		for _, l := range strings.Split(block, "\n") {
			if l != "" && !strings.HasPrefix(l, "#") {
				lines = append(lines, l)
			}
		}
		if len(lines) > 1 {
			out = append(out, lines)
		}
	}
	return out
}

// crowd are cases of the same kinds about something else: another place, thing
// and time in the sentences of callers.
func crowd(n int) []string {
	r := rand.New(rand.NewSource(1))
	pick := func(words ...string) string { return words[r.Intn(len(words))] }
	out := make([]string, n)
	for i := range out {
		where := pick("北京路", "江苏路", "林廓路", "色拉路", "夺底路", "金珠路", "德吉路", "团结新村", "太阳岛", "八廓商城") + fmt.Sprintf("%d号", 1+r.Intn(300))
		when := pick("昨天", "今天早上", "上个月", "一直", "这几天", "前天晚上", "过年以后")
		out[i] = where + when + pick(
			"路灯坏了", "井盖松动响个不停", "停电好几次", "水压太小洗不了澡", "工地白天扬尘大", "有人乱停车堵门", "垃圾车吵醒人", "公交改线没有通知",
			"物业收费不合理", "楼道里堆满杂物", "商场不给开发票", "饭店卫生差", "学校补课收费", "医院停车难", "快递晚到三天", "房子墙面开裂",
			"宽带老是断网", "树枝挡住窗户", "电梯按键失灵", "公园椅子坏了", "工资少发五百", "社保转不过来", "驾校教练骂人", "健身卡退一半钱",
			"邻居养鸡太臭", "河边有人钓鱼扔垃圾", "道路施工没有围挡", "红绿灯时间太短", "广告牌快掉下来", "小卖部卖假烟") +
			pick("，请尽快处理", "，打了几次电话没人管", "，希望给个说法", "，大家都有意见", "，麻烦看一下")
	}
	return out
}

// Of 208 calls about a matter that is on file, told in other words, the case on
// file is among the five shown. What a crowd of 1500 other cases, and the 51
// other matters, look like is part of the task.
func TestSimilarFindsTheSameMatter(t *testing.T) {
	const least = 0.90
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		all := matters(t)
		ids := make([]string, len(all))
		others := crowd(1500)
		for i, text := range others {
			if at := i % 28; at == 0 && i/28 < len(all) {
				ids[i/28] = w.take(all[i/28][0]).ID
				w.clock.Add(time.Hour)
			}
			w.take(text)
		}
		if slices.Contains(ids, "") {
			t.Fatal("a matter is not on file")
		}
		if err := w.IndexSome(ctx); err != nil {
			t.Fatal(err)
		}
		pairs, first, among := 0, 0, 0
		var spent time.Duration
		for i, lines := range all {
			for _, call := range lines[1:] {
				began := time.Now()
				got := must(w.Similar(ctx, w.lead, call, chengguan, ""))(t)
				spent += time.Since(began)
				pairs++
				at := slices.IndexFunc(got, func(v desk.CaseView) bool { return v.ID == ids[i] })
				switch {
				case at == 0:
					first++
					fallthrough
				case at > 0:
					among++
				default:
					t.Logf("not found: %s | on file: %s", call, lines[0])
				}
			}
		}
		recall := float64(among) / float64(pairs)
		t.Logf("%d pairs against %d cases: among five %.3f, first %.3f; %v a text", pairs, len(all)+len(others), recall,
			float64(first)/float64(pairs), spent/time.Duration(pairs))
		if pairs < 200 || recall < least {
			t.Errorf("among five: got %.3f of %d pairs, want %.2f of 200 at least", recall, pairs, least)
		}

		for _, strange := range []string{"请问婚姻登记处周末上班吗", "ལྷ་ས་གྲོང་ཁྱེར།"} {
			if got := must(w.Similar(ctx, w.lead, strange, "", ""))(t); len(got) != 0 {
				t.Errorf("%q: got %d similar cases, the first %q, want none", strange, len(got), got[0].Text)
			}
		}
		elsewhere := w.actor(hotline.Operator, shigatse, "")
		if got := must(w.Similar(ctx, elsewhere, all[0][1], "", ""))(t); len(got) != 0 {
			t.Errorf("an operator of another region sees %d similar cases", len(got))
		}
	})
}
