package desk

import (
	"time"

	"liandong/internal/calendar"
	"liandong/internal/deadline"
	"liandong/internal/hotline"
)

// ExtensionMost is how many working days after its own deadline an answer may be
// due at the latest. Proposal: published rules say seven and ten; a place may be
// stricter by what it grants.
const ExtensionMost = 30

// checkOnce: the deadline of an answer is extended once, and, where due is what is
// granted, within a limit. The sender's clock says so; a suspension is no
// extension.
func (w *work) checkOnce(l *legWork, due *time.Time) error {
	c := w.running(l.ID, deadline.Handling)
	if c == nil || l.Incoming() {
		return nil
	}
	ledger, err := w.suspensionsOf(l.ID)
	if err != nil {
		return err
	}
	budget, err := calendar.ParseBudget(c.Budget)
	if err != nil {
		return err
	}
	own, err := w.d.cal.DueWith(c.Start, budget, l.Region, pauses(ledger))
	if err != nil {
		return err
	}
	if c.Due.After(own.Due) {
		return hotline.Errorf(hotline.Conflict, "extend_twice", "due", c.Due)
	}
	if due == nil {
		return nil
	}
	last := midnight(w.d.cal.DaysAfter(own.Due, ExtensionMost, l.Region)).AddDate(0, 0, 1)
	if due.After(last) {
		return hotline.Errorf(hotline.Invalid, "extend_too_long", "due", ExtensionMost, last)
	}
	return nil
}

// checkExtension: an extension is asked before the deadline, for a later one.
func (w *work) checkExtension(l *legWork, due *time.Time) error {
	if due == nil {
		return hotline.Errorf(hotline.Invalid, "due_missing", "due")
	}
	c := w.running(l.ID, deadline.Handling)
	if c == nil {
		return nil // the table refuses it where the leg is no longer handled
	}
	if c.Overdue(w.now) {
		return hotline.Errorf(hotline.Conflict, "extend_too_late", "due", c.Due)
	}
	if !due.After(c.Due) {
		return hotline.Errorf(hotline.Invalid, "due_past", "due")
	}
	return w.checkOnce(l, nil) // who grants may grant less
}
