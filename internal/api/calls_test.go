package api

import (
	"strings"
	"testing"
	"time"

	"liandong/internal/hotline"
)

// A holder asks by the API that the time limit stand still; who supervises says
// yes, once under its key, and a token without that right does not.
func TestSuspensionIsAsked(t *testing.T) {
	n := newNode(t)
	id := n.take(obj{"category": "A01"})
	sent := n.want(201, "POST", "/api/v1/cases/"+id+"/legs", obj{"legs": []obj{{"to": "unit:540102-urban", "ask": "请办理"}}})
	leg := at(sent, "legs", 0, "id").(string)
	path := "/api/v1/legs/" + leg
	n.want(200, "POST", path+"/accept", obj{})
	until := time.Now().AddDate(0, 0, 21).UTC().Format(time.RFC3339)
	for _, tc := range []struct {
		body obj
		code string
	}{
		{obj{"suspension": obj{"ground": "lunch", "until": until}}, "suspension_ground"},
		{obj{"suspension": obj{"ground": "weather", "until": time.Now().Add(-time.Hour).Format(time.RFC3339)}}, "suspension_empty"},
		{obj{"suspension": obj{"ground": "weather", "until": until, "why": "x"}}, "field_unknown"},
		{obj{}, "due_missing"},
	} {
		if p := n.want(422, "POST", path+"/extend", tc.body); p["code"] != tc.code {
			t.Errorf("%v: got %v, want %s", tc.body, p["code"], tc.code)
		}
	}
	if p := n.want(409, "POST", path+"/grant-suspension", obj{}); p["code"] != "suspension_not_asked" {
		t.Errorf("granted before it was asked: got %v", p["code"])
	}
	asked := n.want(200, "POST", path+"/extend", obj{"suspension": obj{"ground": "weather", "until": until}, "note": "大雪封山"}, "Idempotency-Key", "ask-1")
	n.want(200, "POST", path+"/extend", obj{"suspension": obj{"ground": "weather", "until": until}, "note": "大雪封山"}, "Idempotency-Key", "ask-1")
	ask := at(asked, "suspension_asked").(obj)
	if asked["pending"] != "extend" || ask["ground"] != "weather" || ask["due_at"] == nil || ask["can_grant"] != true {
		t.Errorf("asked: got %v and %v", asked["pending"], ask)
	}
	if got := at(n.with(hotline.SeeCases).want(200, "GET", path, nil), "suspension_asked", "can_grant"); got != false {
		t.Errorf("to a token that may not grant it says %v", got)
	}
	if p := n.with(hotline.SeeCases, hotline.DecideCases).want(403, "POST", path+"/grant-suspension", obj{}); p["code"] != "scope_missing" && p["code"] != "denied" {
		t.Errorf("without the right: got %v", p["code"])
	}
	if p := n.want(409, "POST", path+"/grant-suspension", obj{}, "If-Match", "99"); p["code"] != "version_wrong" {
		t.Errorf("of another version: got %v", p["code"])
	}
	for range 2 {
		v := n.want(200, "POST", path+"/grant-suspension", obj{"note": "同意"}, "Idempotency-Key", "grant-1")
		if v["pending"] != "" || v["suspension_asked"] != nil {
			t.Errorf("granted: got %v, %v, want nothing open", v["pending"], v["suspension_asked"])
		}
	}
	if p := n.want(422, "POST", path+"/grant-suspension", obj{"note": "别的"}, "Idempotency-Key", "grant-1"); p["code"] != "key_reused" {
		t.Errorf("another answer under the key: got %v", p["code"])
	}
	due := ""
	for i := 0; ; i++ {
		c, ok := at(n.want(200, "GET", "/api/v1/cases/"+id, nil), "clocks", i).(obj)
		if !ok {
			break
		}
		if c["leg"] == leg && c["kind"] == "handling" {
			due = c["due_at"].(string)
		}
	}
	if due == "" || due[:10] < until[:10] {
		t.Errorf("the answer is due %s, want after %s", due, until)
	}
}

// Recipients of notices are added once under a key, shown masked, stopped,
// started, tried and removed; a token without the right does none of it.
func TestRecipientsOfNotices(t *testing.T) {
	n := newNode(t)
	const path = "/api/v1/notices/recipients"
	body := obj{"name": "测试值班", "unit": "540102-urban", "channel": "mail", "address": "zhiban@test.example", "rung": "near", "quiet": "21:00-08:00"}
	first := n.want(201, "POST", path, body, "Idempotency-Key", "r-1")
	if first["address"] != "z***@test.example" || first["state"] != "active" || first["language"] != "zh-CN" {
		t.Errorf("added: got %v", first)
	}
	id := first["id"].(string)
	if again := n.want(200, "POST", path, body, "Idempotency-Key", "r-1"); again["id"] != id {
		t.Errorf("a repeat made %v, want %s", again["id"], id)
	}
	other := obj{"name": "测试值班", "unit": "540102-urban", "channel": "mail", "address": "another@test.example", "rung": "near", "quiet": "21:00-08:00"}
	if p := n.want(422, "POST", path, other, "Idempotency-Key", "r-1"); p["code"] != "key_reused" {
		t.Errorf("another under the key: got %v", p["code"])
	}
	for code, change := range map[string]obj{"notice_channel": {"channel": "pigeon"}, "notice_address": {"address": "nowhere"}, "rung_unknown": {"rung": "black"},
		"unit_unknown": {"unit": "none"}, "quiet_unreadable": {"quiet": "night"}, "language_unknown": {"language": "fr"}, "text_empty": {"name": " "}} {
		bad := obj{}
		for k, v := range body {
			bad[k] = v
		}
		for k, v := range change {
			bad[k] = v
		}
		if p := n.want(422, "POST", path, bad); p["code"] != code {
			t.Errorf("%v: got %v, want %s", change, p["code"], code)
		}
	}
	for channel, address := range map[string]string{"mail": strings.Repeat("a", 250) + "@test.example", "webhook": "https://somebody:secret@hook.example/x", "sms": "1390000 0001"} {
		bad := obj{"name": "测试值班", "channel": channel, "address": address}
		if p := n.want(422, "POST", path, bad); p["code"] != "notice_address" {
			t.Errorf("%s to %s: got %v", channel, address, p["code"])
		}
	}
	all := n.want(200, "GET", path, nil)
	if at(all, "recipients", 0, "id") != id || at(all, "recipients", 1) != nil || at(all, "channels", 0) != "mail" {
		t.Errorf("the list: got %v", all)
	}
	if strings.Contains(n.log.String(), "zhiban@") {
		t.Error("an address stands in the log")
	}
	looks := n.with(hotline.SeeLinks)
	looks.want(200, "GET", path, nil)
	looks.want(403, "POST", path, body)
	n.with(hotline.SeeCases).want(403, "GET", path, nil)
	for _, step := range []struct{ how, state string }{{"stop", "stopped"}, {"stop", "stopped"}, {"start", "active"}, {"test", "active"}, {"remove", "removed"}} {
		looks.want(403, "POST", path+"/"+id+"/"+step.how, obj{})
		if v := n.want(200, "POST", path+"/"+id+"/"+step.how, obj{}); v["state"] != step.state {
			t.Errorf("%s: got %v, want %s", step.how, v["state"], step.state)
		}
	}
	if p := n.want(404, "POST", path+"/"+id+"/start", obj{}); p["code"] != "recipient_not_found" {
		t.Errorf("a removed one started: got %v", p["code"])
	}
	n.want(404, "POST", path+"/none/stop", obj{})
	if got := at(n.want(200, "GET", path, nil), "recipients", 0); got != nil {
		t.Errorf("a removed one is listed: %v", got)
	}
}

// The scores of a month, with their accounts, for who may see figures.
func TestScoresOfAMonth(t *testing.T) {
	n := newNode(t)
	id := n.take(obj{"category": "A01"})
	sent := n.want(201, "POST", "/api/v1/cases/"+id+"/legs", obj{"legs": []obj{{"to": "unit:540102-urban", "ask": "请办理"}}})
	n.want(200, "POST", "/api/v1/legs/"+at(sent, "legs", 0, "id").(string)+"/accept", obj{})
	month := time.Now().In(time.FixedZone("", 8*3600)).Format("2006-01")
	s := n.want(200, "GET", "/api/v1/scores?month="+month, nil)
	if s["month"] != month || s["running"] != true || at(s, "scheme", "version") == "" || at(s, "apart", 0, "unit") != "540102-urban" || at(s, "apart", 0, "why") != "few" {
		t.Errorf("got %v", s)
	}
	if p, ok := at(s, "apart", 0, "parts", 0).(obj); !ok || p["weight"].(float64) <= 0 || p["indicator"] == "" {
		t.Errorf("the account begins with %v", at(s, "apart", 0, "parts", 0))
	}
	for query, code := range map[string]string{"": "", "?month=2026": "period_invalid", "?month=2999-01": "period_future"} {
		if p := n.want(422, "GET", "/api/v1/scores"+query, nil); code != "" && p["code"] != code {
			t.Errorf("%q: got %v, want %s", query, p["code"], code)
		}
	}
	n.with(hotline.SeeCases).want(403, "GET", "/api/v1/scores?month="+month, nil)
}
