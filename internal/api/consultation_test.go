package api

import (
	"strings"
	"testing"
	"time"

	"liandong/internal/hotline"
)

// From the dispute to the draft of the catalogue by the API: opened once under a
// key, heard, ruled at the version that was seen, with the rights of the page.
func TestConsultationByTheAPI(t *testing.T) {
	n := newNode(t)
	const path = "/api/v1/consultations"
	id := n.take(obj{"category": "A01", "item": "A01.01", "caller": obj{"name": "张测试", "phone": "13900000001"}})
	other := n.take(obj{"category": "A01"})
	body := func(change obj) obj {
		out := obj{"cause": "dispute", "parties": []string{"unit:540102-urban", "unit:540102-housing"}, "question": "路灯由谁修？来电人 13900000001", "evidence": []string{other}, "budget": "3wd"}
		for k, v := range change {
			out[k] = v
		}
		return out
	}
	open := "/api/v1/cases/" + id + "/consultations"
	for code, change := range map[string]obj{"cause_unknown": {"cause": "boredom"}, "form_unknown": {"form": "dance"}, "parties_missing": {"parties": []string{"unit:540102-urban"}},
		"to_unknown": {"parties": []string{"unit:540102-urban", "unit:none"}}, "text_empty": {"question": " "}, "budget_zero": {"budget": "0wd"}, "budget_unreadable": {"budget": "soon"}} {
		if p := n.want(422, "POST", open, body(change)); p["code"] != code {
			t.Errorf("%v: got %v, want %s", change, p["code"], code)
		}
	}
	if p := n.want(404, "POST", open, body(obj{"evidence": []string{"01k0000000000000000000none"}})); p["code"] != "case_not_found" {
		t.Errorf("evidence that is none: got %v", p["code"])
	}
	n.with(hotline.SeeCases, hotline.DecideCases).want(403, "POST", open, body(nil))
	if got := at(n.want(200, "GET", path, nil), "consultations", 0); got != nil {
		t.Fatalf("refused, and there is %v", got)
	}

	first := n.want(201, "POST", open, body(nil), "Idempotency-Key", "c-1")
	here := path + "/" + first["id"].(string)
	if again := n.want(200, "POST", open, body(nil), "Idempotency-Key", "c-1"); again["id"] != first["id"] {
		t.Errorf("a repeat opened %v, want %v", again["id"], first["id"])
	}
	if p := n.want(422, "POST", open, body(obj{"question": "别的问题"}), "Idempotency-Key", "c-1"); p["code"] != "key_reused" {
		t.Errorf("another under the key: got %v", p["code"])
	}
	due, err := time.Parse(time.RFC3339, first["due_at"].(string))
	if err != nil || due.Before(time.Now()) || due.After(time.Now().AddDate(0, 0, 14)) || first["state"] != "open" || first["form"] != "written" || first["leads"] != true || first["interim"] != "540000-12345" {
		t.Errorf("opened: got %v", first)
	}
	if at(first, "cases", 0) != id || at(first, "cases", 1) != other || strings.Contains(at(first, "events", 0, "text").(string), "13900000001") {
		t.Errorf("opened: cases %v, question %v", first["cases"], at(first, "events", 0))
	}
	if list := n.want(200, "GET", path, nil); at(list, "consultations", 0, "id") != first["id"] || at(list, "consultations", 1) != nil {
		t.Errorf("listed: got %v", list)
	}

	say := obj{"party": "unit:540102-urban", "text": "按职责清单归住建"}
	for range 2 {
		said := n.want(200, "POST", here+"/say", say, "Idempotency-Key", "s-1")
		heard := 0
		for i := 0; at(said, "parties", i) != nil; i++ {
			if at(said, "parties", i, "heard_at") != nil {
				heard++
			}
		}
		if heard != 1 || at(said, "events", 1, "text") != say["text"] || at(said, "events", 2) != nil {
			t.Errorf("said: got %v", said["events"])
		}
	}
	if p := n.want(404, "POST", here+"/say", obj{"party": "unit:540102-env", "text": "与我无关"}); p["code"] != "consultation_not_found" {
		t.Errorf("who is no party: got %v", p["code"])
	}
	if p := n.want(409, "POST", here+"/draft", nil); p["code"] != "consultation_not_ruled" {
		t.Errorf("a draft before the ruling: got %v", p["code"])
	}

	rule := func(change obj) obj {
		out := obj{"owner": "unit:540102-housing", "basis": "测试职责清单第3条", "from": time.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly), "category": "A02", "minutes": "各方同意"}
		for k, v := range change {
			out[k] = v
		}
		return out
	}
	for code, change := range map[string]obj{"category_unknown": {"category": "Z99"}, "day_invalid": {"from": "soon"}, "ruling_backdated": {"from": "2020-01-01"}, "ruling_owner_missing": {"owner": ""},
		"ruling_basis_missing": {"basis": ""}, "text_empty": {"minutes": ""}, "unit_unknown": {"owner": "unit:none"}, "field_unknown": {"class": "A02"}} {
		if p := n.want(422, "POST", here+"/rule", rule(change)); p["code"] != code {
			t.Errorf("%v: got %v, want %s", change, p["code"], code)
		}
	}
	n.with(hotline.SeeCases, hotline.WorkLegs).want(403, "POST", here+"/rule", rule(nil))
	if p := n.want(409, "POST", here+"/rule", rule(nil), "If-Match", "9"); p["code"] != "version_wrong" {
		t.Errorf("of another version: got %v", p["code"])
	}
	if got := n.want(200, "GET", here, nil); got["state"] != "open" || got["version"].(float64) != 1 {
		t.Errorf("refused, and it is %v", got)
	}
	for range 2 {
		ruled := n.want(200, "POST", here+"/rule", rule(nil), "Idempotency-Key", "r-1", "If-Match", "1")
		if ruled["state"] != "ruled" || at(ruled, "ruling", "owner") != "unit:540102-housing" || at(ruled, "ruling", "category") != "A02" || ruled["version"].(float64) != 2 {
			t.Errorf("ruled: got %v", ruled)
		}
	}
	if unit := at(n.want(200, "GET", "/api/v1/cases/"+id, nil), "legs", 0, "unit"); unit != "540102-housing" {
		t.Errorf("the leg went to %v", unit)
	}
	if at(n.want(200, "GET", "/api/v1/cases/"+id, nil), "legs", 1) != nil {
		t.Error("ruled twice under one key, two legs went out")
	}
	for verb, b := range map[string]obj{"say": say, "rule": rule(nil), "close": {"minutes": "算了"}} {
		if p := n.want(409, "POST", here+"/"+verb, b); p["code"] != "consultation_ended" {
			t.Errorf("%s after the end: got %v", verb, p["code"])
		}
	}
	n.want(200, "POST", here+"/mend", obj{"note": "无事"})

	if p := n.want(409, "POST", here+"/draft", nil, "If-Match", "1"); p["code"] != "version_wrong" {
		t.Errorf("a draft of what was seen before the ruling: got %v", p["code"])
	}
	n.with(hotline.SeeCases, hotline.Consult).want(403, "POST", here+"/draft", nil)
	draft := n.want(201, "POST", here+"/draft", nil, "Idempotency-Key", "d-1")
	if again := n.want(200, "POST", here+"/draft", nil, "Idempotency-Key", "d-1"); again["id"] != draft["id"] || !strings.Contains(draft["title"].(string), "测试职责清单第3条") {
		t.Errorf("drafts: got %v and %v", draft, again)
	}

	closing := path + "/" + n.want(201, "POST", open, body(obj{"cause": "hand", "form": "meeting"}))["id"].(string)
	if got := n.want(200, "POST", closing+"/close", obj{"minutes": "已无争议", "version": 1}); got["state"] != "cancelled" || got["ruling"] != nil || at(got, "events", 1, "text") != "已无争议" {
		t.Errorf("closed: got %v", got)
	}
	if list := n.want(200, "GET", path+"?state=cancelled", nil); at(list, "consultations", 0, "state") != "cancelled" || at(list, "consultations", 1) != nil {
		t.Errorf("listed: got %v", list)
	}
	n.want(422, "GET", path+"?state=dreamt", nil)
	n.want(404, "GET", path+"/none", nil)
}
