package notify

import (
	"net/url"
	"strings"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/catalogue"
	"liandong/internal/deadline"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/message"
)

// Line is one notice of a message, for programs. It names nobody of the case.
type Line struct {
	Rung   string    `json:"rung"`  // remind, near, over, red, order; answered: the objection of a unit has been
	Clock  string    `json:"clock"` // which answer is owed; objection: item is the month of the score
	Number string    `json:"number,omitempty"`
	Case   string    `json:"case"`
	Leg    string    `json:"leg,omitempty"`
	Item   string    `json:"item,omitempty"`
	Unit   string    `json:"unit,omitempty"`
	Urgent bool      `json:"urgent,omitempty"`
	Due    time.Time `json:"due"`
	Done   bool      `json:"done,omitempty"` // answered meanwhile
	Link   string    `json:"link"`
}

// told is how many cases a mail names; a short message names one.
const told = 30

// compose puts a message into words.
func compose(l desk.NoticeLetter, platform string, cat *catalogue.Catalogue, dir *directory.Directory, base string) Message {
	t := func(key string, args ...any) string { return message.Text(l.Language, key, args...) }
	out := Message{ID: l.ID, To: l.Address}
	if len(l.Notices) == 0 {
		out.Subject, out.Text = t("notice.test_subject", platform), t("notice.test", platform)
		out.Short = out.Text
		return out
	}
	highest, count := l.Notices[0], map[string]int{}
	var lines []string
	for _, n := range l.Notices {
		count[n.Rung]++
		if deadline.RungOf(n.Rung) > deadline.RungOf(highest.Rung) {
			highest = n
		}
		x := Line{Rung: n.Rung, Clock: n.Clock, Number: casefile.SayNumber(n.Number), Case: n.CaseID, Leg: n.LegID, Item: n.Item, Unit: n.Unit,
			Urgent: n.Urgent, Due: n.DueAt.UTC(), Done: n.Done, Link: base + "/cases/" + url.PathEscape(n.CaseID)}
		if n.LegID != "" {
			x.Link = base + "/legs/" + url.PathEscape(n.LegID)
		}
		if n.Rung == desk.NoticeAnswered {
			x.Link = base + "/assessment/scores?month=" + url.QueryEscape(n.Item)
		}
		out.Notices = append(out.Notices, x)
		if len(lines) < told && n.Rung == desk.NoticeAnswered {
			lines = append(lines, t("notice.line_answered", x.Number, n.Item, unitName(dir, l.Language, n.Unit))+"\n"+x.Link)
		} else if len(lines) < told {
			line := t("notice.line", message.Word(l.Language, "rung", n.Rung), x.Number, itemName(cat, l.Language, n.Item), unitName(dir, l.Language, n.Unit),
				message.Word(l.Language, "clock", n.Clock), n.DueAt)
			if n.Done {
				line += t("notice.done")
			}
			lines = append(lines, line+"\n"+x.Link)
		}
	}
	if more := len(l.Notices) - len(lines); more > 0 {
		lines = append(lines, t("notice.more", more, base+"/notices"))
	}
	var sums []string
	for _, rung := range append(catalogue.Rungs(), desk.NoticeAnswered) {
		if count[rung] > 0 {
			sums = append(sums, t("notice.sum", message.Word(l.Language, "rung", rung), count[rung]))
		}
	}
	sum := strings.Join(sums, t("notice.and"))
	out.Subject = t("notice.subject", platform, sum)
	out.Text = t("notice.head", l.Name, platform, len(l.Notices)) + "\n\n" + strings.Join(lines, "\n\n") + "\n\n" + t("notice.foot") + "\n"
	out.Short = t("notice.short_many", platform, sum, base+"/notices")
	if len(l.Notices) == 1 {
		out.Short = t("notice.short", platform, message.Word(l.Language, "rung", highest.Rung), casefile.SayNumber(highest.Number), highest.DueAt, out.Notices[0].Link)
		if highest.Rung == desk.NoticeAnswered {
			out.Short = t("notice.short_answered", platform, highest.Item, out.Notices[0].Link)
		}
	}
	if l.Urgent {
		out.Subject, out.Short = t("notice.urgent")+out.Subject, t("notice.urgent")+out.Short
	}
	return out
}

// itemName is the name of an item or class; "" of a matter that is not told.
func itemName(cat *catalogue.Catalogue, lang, code string) string {
	name, en := "", ""
	if it, ok := cat.Item(code); ok {
		name, en = it.Name, it.NameEN
	} else if c, ok := cat.Class(code); ok {
		name, en = c.Name, c.NameEN
	}
	if lang == message.English && en != "" {
		return en
	}
	return name
}

// unitName is a unit's name, or the word for the desk.
func unitName(dir *directory.Directory, lang, code string) string {
	if u, ok := dir.Unit(code); ok {
		return u.Name
	}
	return message.Text(lang, "notice.desk")
}
