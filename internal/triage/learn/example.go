package learn

import "liandong/internal/triage"

// What the sources count for. The weights were chosen by cross-validation.
const (
	weightInvented = 1.0
	weightPattern  = 0.1 // of a variant of a dangerous pattern: there are many, and all are of the police
	weightVariant  = 0.2 // of any other variant
	weightListed   = 0.3
	weightWeak     = 0.05 // of what the rules say of a text that nobody has read
	weightAlarm    = 6.0  // of danger: there is little of it, and to miss it is worse
	weightNear     = 3.0  // of an invented text without danger: it stands near the border
	weightCalm     = 0.5  // of the rules finding no danger in it

	shareOthers = 0.3 // of a judged text: what its other defensible classes have together
)

// Examples are the rows as lessons. The teacher says what the texts may be that
// nobody has read.
func Examples(rows []Row, teacher triage.Engine) []Example {
	var out []Example
	for _, r := range rows {
		switch r.Source {
		case JudgedDev, Judged:
			out = append(out, r.read())
		case Invented:
			e := Example{Text: r.Text, Weight: weightInvented, Danger: r.Urgent, Sure: 1}
			if e.Varied = r.Of > 0; e.Varied {
				e.Weight = weightVariant
				if r.Urgent != "" {
					e.Weight = weightPattern
				}
			}
			if r.Urgent == "" {
				e.Sure = weightNear
			}
			if r.Category != "" {
				e.Class = []Share{{r.Category, 1}}
			}
			out = append(out, e)
		case Listed:
			out = append(out, Example{Text: r.Text, Class: []Share{{r.Category, 1}}, Weight: weightListed, Danger: r.Urgent, Sure: weightListed})
		case Reply:
			if teacher.Propose(r.Text).Urgent == "" {
				out = append(out, Example{Text: r.Text, Danger: "", Sure: weightCalm})
			}
		case Unjudged:
			out = append(out, weak(r, teacher.Propose(r.Text)))
		}
	}
	for i := range out {
		if out[i].Danger != "" && out[i].Danger != Unknown {
			out[i].Sure *= weightAlarm
		}
	}
	return out
}

func (r Row) read() Example {
	e := Example{Text: r.Text, Weight: 1, Danger: r.Urgent, Sure: 1}
	if r.Urgent == "" && len(r.Border) > 0 {
		e.Danger = Unknown // a careful person might have said either
	}
	if r.Category == "" {
		return e
	}
	e.Class = []Share{{r.Category, 1}}
	if n := len(r.Others); n > 0 {
		e.Class[0].Of = 1 - shareOthers
		for _, o := range r.Others {
			e.Class = append(e.Class, Share{o, shareOthers / float64(n)})
		}
	}
	return e
}

func weak(r Row, p triage.Proposal) Example {
	e := Example{Text: r.Text, Danger: Unknown}
	sum := 0.0
	for _, c := range p.Candidates {
		sum += c.Score
	}
	if sum > 0 {
		e.Weight = weightWeak
		for _, c := range p.Candidates {
			e.Class = append(e.Class, Share{c.Category, c.Score / sum})
		}
	}
	if p.Urgent == "" && !p.Unread {
		e.Danger, e.Sure = "", weightCalm
	}
	return e
}
