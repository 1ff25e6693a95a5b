package web

import (
	"context"
	"fmt"

	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// Learning is what the page of models asks of the desk.
type Learning interface {
	Models(ctx context.Context, a hotline.Actor) (desk.Models, error)
	TrainModel(ctx context.Context, a hotline.Actor) (desk.ModelView, error)
	CompareModel(ctx context.Context, a hotline.Actor, version string) (desk.ModelView, error)
	PublishModel(ctx context.Context, a hotline.Actor, version, live string) (desk.ModelView, error)
	RollBackModel(ctx context.Context, a hotline.Actor, live string) (desk.ModelView, error)
}

// modelRoutes are the page of models and what can be done on it.
func (s *site) modelRoutes() []route {
	return []route{
		{pattern: "GET /figures/models", right: hotline.SeeOverview, handle: s.modelsPage},
		{pattern: "POST /figures/models", right: hotline.EditCatalogue, handle: s.trainModel, form: s.modelsPage},
		{pattern: "POST /figures/models/rollback", right: hotline.EditCatalogue, handle: s.rollBackModel, form: s.modelsPage},
		{pattern: "POST /figures/models/{version}/compare", right: hotline.EditCatalogue, handle: s.compareModel, form: s.modelsPage},
		{pattern: "POST /figures/models/{version}/publish", right: hotline.EditCatalogue, handle: s.publishModel, form: s.modelsPage},
	}
}

// ModelsPage shows which model of triage is at work, and which could be.
type ModelsPage struct {
	Page
	desk.Models
	Live  desk.ModelView
	Rows  []ModelRow // those that are not at work
	Edits bool
	Least struct{ Lessons, HeldOut int } // decisions without which nothing is trained, or judged
}

// ModelRow is a model that is not at work.
type ModelRow struct {
	desk.ModelView
	Verdict string // why it may not be put to work; "may" where it may; "" not compared
}

// Of is a count of all, with its share.
func (p ModelsPage) Of(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%d (%s)", part, p.Share(float64(part)/float64(whole)))
}

func (s *site) modelsPage(q *request) error {
	data := ModelsPage{Page: s.page(q, "web.model.title"), Edits: q.actor.Has(hotline.EditCatalogue)}
	data.Least.Lessons, data.Least.HeldOut = desk.LessonsLeast, desk.HeldOutLeast
	var err error
	if data.Models, err = s.desk.Models(q.ctx(), q.actor); err != nil {
		return err
	}
	data.Live = data.Models.Live()
	for _, m := range data.Models.Models {
		if m.Live {
			continue
		}
		row := ModelRow{ModelView: m}
		if j := m.Judged; j != nil && j.Against == data.Live.Version {
			if row.Verdict = j.Refused(); row.Verdict == "" {
				row.Verdict = "may"
			}
		}
		data.Rows = append(data.Rows, row)
	}
	return s.show(q, "models", data)
}

const modelsPath = "/figures/models"

func (s *site) trainModel(q *request) error {
	if _, err := s.desk.TrainModel(q.ctx(), q.actor); err != nil {
		return err
	}
	return s.to(q, modelsPath, "web.flash.model_trained")
}

func (s *site) compareModel(q *request) error {
	if _, err := s.desk.CompareModel(q.ctx(), q.actor, q.PathValue("version")); err != nil {
		return err
	}
	return s.to(q, modelsPath, "web.flash.model_compared")
}

func (s *site) publishModel(q *request) error {
	if _, err := s.desk.PublishModel(q.ctx(), q.actor, q.PathValue("version"), q.field("live")); err != nil {
		return err
	}
	return s.to(q, modelsPath, "web.flash.model_published")
}

func (s *site) rollBackModel(q *request) error {
	if _, err := s.desk.RollBackModel(q.ctx(), q.actor, q.field("live")); err != nil {
		return err
	}
	return s.to(q, modelsPath, "web.flash.model_rolled_back")
}
