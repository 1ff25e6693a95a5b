package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"liandong/internal/exchange/https"
	"liandong/internal/leg"
)

// together: several letters in one call.
var together = []rule{
	{id: "at-once", in: "Several letters in one call", on: OverHTTPS, says: "Of several letters in one call each is taken or refused by itself, those of a leg in their order, and too many are refused whole", try: atOnce},
}

func atOnce(ctx context.Context, r *Run) error {
	first, err := r.offer()
	if err != nil {
		return err
	}
	way, ok := r.way.(overHTTPS)
	if !ok {
		return errors.New("kit: not by HTTPS")
	}
	_, header, err := way.post(ctx, "application/json", first.wire)
	if err != nil {
		return err
	}
	most, err := strconv.Atoi(header.Get(https.AtOnceHeader))
	if err != nil || most < 2 {
		return fmt.Errorf("%w: no answer says %s, which may be left out", ErrNotTried, https.AtOnceHeader)
	}
	offer, err := r.offer()
	if err != nil {
		return err
	}
	word, err := r.next(offer, 2, string(leg.Supplement), leg.Body{}, "补充：路口东侧")
	if err != nil {
		return err
	}
	early, err := r.next(first, 3, string(leg.Urge), leg.Body{}, "")
	if err != nil {
		return err
	}
	forged, err := spoilt(first.wire, `"schema":"1.`, `"schema":"1.9`)
	if err != nil {
		return err
	}
	for _, call := range []struct {
		lines [][]byte
		want  []func(answer) error
	}{
		{[][]byte{offer.wire, forged}, []func(answer) error{receipted(offer, leg.ReceiptApplied), turnedAway}},
		{[][]byte{word.wire, early.wire}, []func(answer) error{receipted(word, leg.ReceiptApplied), receipted(early, leg.ReceiptWaiting)}},
	} {
		answers, err := r.many(ctx, way, call.lines[:min(most, len(call.lines))])
		if err != nil {
			return err
		}
		for i, a := range answers {
			if err := call.want[i](a); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
		}
	}
	said, _, err := way.post(ctx, https.ManyType, bytes.Join(slices.Repeat([][]byte{offer.wire}, most+1), []byte{'\n'}))
	if err == nil && said.Status != http.StatusRequestEntityTooLarge {
		err = fmt.Errorf("%d letters in one call are answered %d, want 413", most+1, said.Status)
	}
	return err
}

func receipted(w written, status string) func(answer) error {
	return func(a answer) error { return a.receipts(w, status) }
}

func turnedAway(a answer) error {
	if a.status != http.StatusUnauthorized {
		return fmt.Errorf("a letter that was changed has the status %d, want 401", a.status)
	}
	return nil
}

// many posts letters in one call and reads the answer to each.
func (r *Run) many(ctx context.Context, way overHTTPS, lines [][]byte) ([]answer, error) {
	doc := bytes.Join(lines, []byte{'\n'})
	said, _, err := way.post(ctx, https.ManyType, doc)
	if err != nil {
		return nil, err
	}
	r.sent, r.came = string(doc), fmt.Sprintf("%d %s", said.Status, said.Raw)
	if said.Status != http.StatusOK {
		return nil, fmt.Errorf("answered %d, want 200 and a line for each letter", said.Status)
	}
	read, err := https.ReadLines(said.Raw, len(lines))
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(read))
	for i, l := range read {
		answers[i] = answer{status: l.Status, raw: l.Answer}
		if err := r.read(&answers[i]); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return answers, nil
}
