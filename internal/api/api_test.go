package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
)

// A case from intake to the end, by programs alone.
func TestJourney(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		made := n.call("POST", "/api/v1/cases", obj{"text": "我是张测试，电话13900000001，城关区某小区门口的井盖破损。", "channel": "phone", "region": "540102",
			"caller": obj{"name": "张测试", "phone": "13900000001", "language": "zh", "consent_to_transfer": true}, "kind": "help", "external_id": "x-1"})
		if made.Code != http.StatusCreated || made.Header().Get("ETag") != `"1"` {
			t.Fatalf("intake: got %d, ETag %s\n%s", made.Code, made.Header().Get("ETag"), made.Body)
		}
		id := made.doc["id"].(string)
		if got := made.Header().Get("Location"); got != "/api/v1/cases/"+id {
			t.Errorf("got Location %q, want the case's", got)
		}
		for _, secret := range []string{"13900000001", "张测试\"", "\"name\":\"张测试"} {
			if strings.Contains(made.Body.String(), secret) {
				t.Errorf("the answer shows %s:\n%s", secret, made.Body)
			}
		}
		for path, want := range map[string]any{"status": "open", "channel": "phone", "kind": "help", "category": "A01", "line": "12345",
			"category_decided": false, "text_redacted": true, "catalogue_version": "xizang-2025.1", "external_id": "x-1", "unread": false, "urgent": ""} {
			if got := made.doc[path]; got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		if made.doc["legs"] == nil || made.doc["clocks"] == nil || made.doc["disputes"] == nil || made.doc["link_ids"] == nil {
			t.Errorf("a list is null in\n%s", made.Body)
		}

		path := "/api/v1/cases/" + id
		sent := n.want(http.StatusCreated, "POST", path+"/legs", obj{"legs": []obj{{"to": "unit:540102-housing", "ask": "请尽快修复"}}}, "If-Match", `"1"`)
		leg := at(sent, "legs", 0).(map[string]any)
		legPath := "/api/v1/legs/" + leg["id"].(string)
		if leg["state"] != "received" || leg["unit"] != "540102-housing" || leg["role"] != "lead" {
			t.Errorf("got leg %v, want it received by 540102-housing as lead", leg)
		}
		version := func(doc obj) string { return fmt.Sprint(doc["version"]) }
		leg = n.want(200, "POST", legPath+"/accept", nil, "If-Match", version(leg))
		leg = n.want(200, "POST", legPath+"/progress", obj{"note": "已到现场", "version": leg["version"]})
		if leg["state"] != "working" {
			t.Errorf("got state %v after progress, want working", leg["state"])
		}
		n.want(200, "POST", legPath+"/urge", nil)
		leg = n.want(200, "POST", legPath+"/extend", obj{"due": time.Now().Add(3000 * time.Hour).Format(time.RFC3339), "note": "配件在途"})
		if leg["pending"] != "extend" {
			t.Errorf("got pending %v, want extend", leg["pending"])
		}
		leg = n.want(200, "POST", legPath+"/refuse", obj{"note": "请按期办理"})
		if leg["pending"] != "" && leg["pending"] != nil {
			t.Errorf("got pending %v after the refusal, want none", leg["pending"])
		}
		leg = n.want(200, "POST", legPath+"/feedback", obj{"result": "井盖已更换"}, "If-Match", version(leg))
		if leg["state"] != "answered" {
			t.Errorf("got state %v after feedback, want answered", leg["state"])
		}
		leg = n.want(200, "POST", legPath+"/settle", obj{})
		if leg["state"] != "settled" || leg["reopen_until"] == nil {
			t.Errorf("got %v, want it settled with reopen_until", leg)
		}
		if got := n.want(200, "GET", legPath, nil); fmt.Sprint(got) != fmt.Sprint(leg) {
			t.Errorf("the leg reads\n%v, want\n%v", got, leg)
		}
		asked := n.want(200, "POST", path+"/callback", obj{"solved": true, "satisfaction": "2", "scale": 5, "note": "谢谢"})
		if asked["solved"] != true || asked["satisfaction"] != 2.0 || asked["satisfaction_mapped"] != 1.0 {
			t.Errorf("got %v, want solved and satisfied 2 of 5", asked)
		}
		done := n.want(200, "POST", path+"/close", obj{"outcome": "solved", "told": "已修好"})
		if done["status"] != "closed" || done["outcome"] != "solved" || done["closed_at"] == nil {
			t.Errorf("got %v, want it closed", done)
		}

		events := n.want(200, "GET", path+"/events", nil)
		var kinds []string
		for _, e := range events["events"].([]any) {
			kinds = append(kinds, at(e, "kind").(string))
		}
		for _, want := range []string{"created", "send", "receive", "accept", "progress", "urge", "extend", "refuse", "feedback", "settle", "callback", "closed"} {
			if !slices.Contains(kinds, want) {
				t.Errorf("got events %v, want %s among them", kinds, want)
			}
		}

		// The same events by pages of three.
		var paged []string
		next := ""
		for range 20 {
			page := n.want(200, "GET", path+"/events?limit=3&cursor="+next, nil)
			for _, e := range page["events"].([]any) {
				paged = append(paged, at(e, "kind").(string))
			}
			if next = page["next_cursor"].(string); next == "" {
				break
			}
		}
		if !slices.Equal(paged, kinds) {
			t.Errorf("by pages: got %v, want %v", paged, kinds)
		}
	})
}

func TestIntakeIsIdempotent(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		body := obj{"text": "路灯不亮，晚上很黑，请维修。", "channel": "web", "external_id": "ext-1"}
		first := n.want(201, "POST", "/api/v1/cases", body, "Idempotency-Key", "key-1")
		if again := n.want(200, "POST", "/api/v1/cases", body, "Idempotency-Key", "key-1"); again["id"] != first["id"] {
			t.Errorf("repeat: got case %v, want %v", again["id"], first["id"])
		}
		if again := n.want(200, "POST", "/api/v1/cases", body); again["id"] != first["id"] {
			t.Errorf("repeat by external id: got case %v, want %v", again["id"], first["id"])
		}
		body["text"] = "路灯不亮，另一件事，请维修。"
		p := n.want(422, "POST", "/api/v1/cases", body)
		if p["type"] != "urn:liandong:problem:key_reused" {
			t.Errorf("got %v, want key_reused", p["type"])
		}
		delete(body, "external_id")
		p = n.want(422, "POST", "/api/v1/cases", body, "Idempotency-Key", "key-1")
		if at(p, "errors", 0, "location") != "header.Idempotency-Key" {
			t.Errorf("got %v, want the header named", p["errors"])
		}
		// Another token has its own keys.
		if other := n.with(hotline.TakeCases).want(201, "POST", "/api/v1/cases", body, "Idempotency-Key", "key-1"); other["id"] == first["id"] {
			t.Error("another token got the first token's case")
		}
		if list := n.want(200, "GET", "/api/v1/cases", nil); len(list["cases"].([]any)) != 2 {
			t.Errorf("got %d cases, want 2", len(list["cases"].([]any)))
		}
	})
}

func TestIntakeWithLegs(t *testing.T) {
	n := newNode(t)
	body := obj{"text": "有人拿着刀在街上砍人，快来！", "channel": "phone", "region": "540102",
		"legs": []obj{{"to": "110", "urgent": true}, {"to": "unit:540102-government", "role": "joint"}}}
	made := n.want(201, "POST", "/api/v1/cases", body)
	if got := len(made["legs"].([]any)); got != 2 {
		t.Errorf("got %d legs, want 2", got)
	}
	if made["urgent"] == "" {
		t.Errorf("got no urgent class for %v", body["text"])
	}
	if at(made, "legs", 0, "peer") != "540000-110" || at(made, "legs", 0, "state") != "sent" {
		t.Errorf("got %v, want a leg sent to 540000-110", at(made, "legs", 0))
	}
	// All or none: an unknown unit leaves no case behind.
	body["legs"] = []obj{{"to": "110"}, {"to": "unit:540102-nowhere"}}
	p := n.want(422, "POST", "/api/v1/cases", body)
	if at(p, "errors", 0, "location") != "body.legs[1].to" {
		t.Errorf("got %v, want body.legs[1].to named", p["errors"])
	}
	if list := n.want(200, "GET", "/api/v1/cases", nil); len(list["cases"].([]any)) != 1 {
		t.Errorf("a refused intake left a case: %v", list)
	}
	body["legs"] = []obj{{"to": "110"}}
	p = n.with(hotline.TakeCases).want(403, "POST", "/api/v1/cases", body)
	if p["code"] != "denied" {
		t.Errorf("legs with the scope to take alone: got %v, want denied", p["code"])
	}
}

func TestDualDispatch(t *testing.T) {
	n := newNode(t)
	id := n.take(obj{"text": "有人拿着刀在街上砍人，快来！"})
	v := n.want(201, "POST", "/api/v1/cases/"+id+"/dual", nil)
	legs := v["legs"].([]any)
	if len(legs) < 2 || at(legs, 0, "peer") != "540000-110" || at(legs, 0, "role") != "lead" {
		t.Errorf("got %v, want 110 in the lead and others", legs)
	}
	id = n.take(nil)
	if p := n.want(409, "POST", "/api/v1/cases/"+id+"/dual", nil); p["code"] != "not_dual" {
		t.Errorf("got %v, want not_dual", p["code"])
	}
}

func TestPersonalDataNeedsAReason(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		const words = "我叫李测试，电话13900000002，请回电。"
		id := n.take(obj{"text": words, "address": "测试路 1 号", "caller": obj{"name": "李测试", "phone": "13900000002"}})
		path := "/api/v1/cases/" + id
		masked := n.want(200, "GET", path, nil)
		if masked["text"] == words || at(masked, "caller", "phone") == "13900000002" || masked["address"] == "测试路 1 号" || masked["revealed"] != nil {
			t.Errorf("got %v, want it masked", masked)
		}
		n.want(200, "POST", path+"/notes", obj{"note": "另一个电话 13900000003"})
		more := n.want(200, "POST", "/api/v1/cases/"+n.take(obj{"caller": obj{"name": "李测试"}})+"/caller", obj{"phone": "13900000003"})
		if got := at(more, "caller", "phone"); got == nil || got == "13900000003" {
			t.Errorf("the number that was added: got %v, want it there and masked", got)
		}
		for name, clear := range map[string]obj{
			"header":  n.want(200, "GET", path, nil, "X-Reason", "回电核实"),
			"encoded": n.want(200, "GET", path, nil, "X-Reason", url.PathEscape("回电核实")),
			"body":    n.want(200, "POST", path+"/reveal", obj{"reason": "回电核实"}),
		} {
			if clear["text"] != words || at(clear, "caller", "phone") != "13900000002" || at(clear, "caller", "name") != "李测试" ||
				clear["address"] != "测试路 1 号" || clear["revealed"] != true {
				t.Errorf("%s: got %v, want it in the clear", name, clear)
			}
		}
		events := n.call("GET", path+"/events", nil)
		if got := strings.Count(events.Body.String(), `"viewed"`); got != 3 {
			t.Errorf("got %d views recorded, want 3", got)
		}
		if strings.Contains(events.Body.String(), "13900000003") {
			t.Errorf("the timeline shows a phone number:\n%s", events.Body)
		}
		if clear := n.call("GET", path+"/events", nil, "X-Reason", "check"); !strings.Contains(clear.Body.String(), "13900000003") {
			t.Errorf("with a reason the note is not in the clear:\n%s", clear.Body)
		}
		if p := n.with(hotline.SeeCases).want(403, "GET", path, nil, "X-Reason", "check"); p["code"] != "denied" {
			t.Errorf("without the right: got %v, want denied", p["code"])
		}
		if p := n.want(422, "POST", path+"/reveal", obj{"reason": " "}); p["code"] != "reason_missing" {
			t.Errorf("without a reason: got %v, want reason_missing", p["code"])
		}
		for _, secret := range []string{"1390000", "测试路", "李测试", "回电"} {
			if strings.Contains(n.log.String(), secret) {
				t.Errorf("the log holds %s", secret)
			}
		}
	})
}

func TestListsPageAndFilter(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		var ids []string
		for i := range 7 {
			ids = append(ids, n.take(obj{"external_id": fmt.Sprint("p", i)}))
		}
		urgent := n.take(obj{"text": "有人拿着刀在街上砍人，快来！", "region": "540202"})
		short := n.take(obj{"text": "你好", "region": "540202"}) // too short to be judged
		ids = append(ids, urgent, short)
		slices.Reverse(ids)
		var got []string
		next := ""
		for range 10 {
			page := n.want(200, "GET", "/api/v1/cases?limit=3&cursor="+next, nil)
			for _, c := range page["cases"].([]any) {
				got = append(got, at(c, "id").(string))
			}
			if next = page["next_cursor"].(string); next == "" {
				break
			}
		}
		if !slices.Equal(got, ids) {
			t.Errorf("got %v, want newest first %v", got, ids)
		}
		for query, want := range map[string]int{"urgent=true": 1, "region=540200": 2, "region=540100": 7, "category=A01": 7, "line=12345": 7, "status=open": 9,
			"status=closed": 0, "overdue=true": 0, "open=true&order=due": 9, "unit=540102-housing": 0, "dispute=true": 0, "unread=true": 1} {
			list := n.want(200, "GET", "/api/v1/cases?"+query, nil)
			if got := len(list["cases"].([]any)); got != want {
				t.Errorf("%s: got %d cases, want %d", query, got, want)
			}
		}
		if err := n.desk.IndexSome(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list := n.want(200, "GET", "/api/v1/cases?q="+url.QueryEscape("井盖"), nil); len(list["cases"].([]any)) != 7 {
			t.Errorf("search: got %d cases, want 7", len(list["cases"].([]any)))
		}
	})
}

func TestCloseTakesTheCallBackToo(t *testing.T) {
	n := newNode(t)
	settled := func() string {
		id := n.take(obj{"legs": []obj{{"to": "unit:540102-housing"}}})
		v := n.want(200, "GET", "/api/v1/cases/"+id, nil)
		leg := "/api/v1/legs/" + at(v, "legs", 0, "id").(string)
		n.want(200, "POST", leg+"/accept", nil)
		n.want(200, "POST", leg+"/feedback", obj{"result": "办结"})
		n.want(200, "POST", leg+"/settle", nil)
		return "/api/v1/cases/" + id
	}
	v := n.want(200, "POST", settled()+"/close", obj{"solved": true, "satisfaction": 1, "scale": 3, "note": "好"})
	if v["status"] != "closed" || v["solved"] != true || v["satisfaction"] != 1.0 || v["outcome"] != "solved" {
		t.Errorf("got %v, want asked and closed", v)
	}
	path := settled()
	before := n.call("GET", path, nil).Body.String()
	for _, body := range []obj{{"solved": false, "satisfaction": 3, "scale": 3}, {"solved": true, "satisfaction": "5", "scale": 5}} {
		if p := n.want(409, "POST", path+"/close", body); p["code"] != "callback_first" {
			t.Errorf("%v: got %v, want callback_first", body, p["code"])
		}
	}
	if after := n.call("GET", path, nil).Body.String(); after != before {
		t.Errorf("a refused closing changed the case:\n%s\nwas\n%s", after, before)
	}
	// Not solved: the call-back reopens the leg.
	v = n.want(200, "POST", path+"/callback", obj{"solved": false, "satisfaction": 3, "scale": 3})
	if v["status"] != "in_progress" || at(v, "legs", 0, "state") != "reopened" {
		t.Errorf("got %v %v, want the leg reopened", v["status"], at(v, "legs", 0, "state"))
	}
	// Answered on the spot.
	id := n.take(nil)
	if v := n.want(200, "POST", "/api/v1/cases/"+id+"/close", obj{}); v["outcome"] != "answered_on_the_spot" {
		t.Errorf("got outcome %v, want answered_on_the_spot", v["outcome"])
	}
}

func TestGroupCallsNotesDecide(t *testing.T) {
	n := newNode(t)
	a, b := n.take(nil), n.take(obj{"external_id": "b"})
	v := n.want(200, "POST", "/api/v1/cases/"+a+"/group", obj{"others": []string{b}})
	if got := v["group"].([]any); len(got) != 2 || got[0] != a {
		t.Errorf("got group %v, want both with %s first", got, a)
	}
	v = n.want(200, "POST", "/api/v1/cases/"+b+"/ungroup", nil)
	if v["group_id"] != "" {
		t.Errorf("got group %v, want none", v["group_id"])
	}
	v = n.want(200, "POST", "/api/v1/cases/"+a+"/calls", obj{"kind": "three_way", "parties": []string{"caller", "12345", "110"}, "outcome": "still_unclear", "consent_to_transfer": true, "note": "两家商定"})
	if at(v, "caller", "consent_to_transfer") != true || v["interim"] != "540000-12345" {
		t.Errorf("got %v, want consent and the interim owner", v)
	}
	v = n.want(200, "POST", "/api/v1/cases/"+a+"/decide", obj{"category": "B01", "level": 2, "reason": "现场有人受伤", "kind": "report", "version": v["version"]})
	if v["category"] != "B01" || v["line"] != "110" || v["category_decided"] != true || v["level"] != 2.0 || v["kind"] != "report" {
		t.Errorf("got %v, want what was decided", v)
	}
	if at(v, "proposal", "category") != "A01" {
		t.Errorf("the proposal was not kept: %v", v["proposal"])
	}
	p := n.want(404, "POST", "/api/v1/cases/"+a+"/group", obj{"others": []string{"no such"}})
	if p["code"] != "case_not_found" {
		t.Errorf("got %v, want case_not_found", p["code"])
	}
}

func TestReturnAndResolve(t *testing.T) {
	n := newNode(t)
	id := n.take(obj{"legs": []obj{{"to": "unit:540102-housing"}}})
	v := n.want(200, "GET", "/api/v1/cases/"+id, nil)
	leg := "/api/v1/legs/" + at(v, "legs", 0, "id").(string)
	p := n.want(422, "POST", leg+"/return", obj{"ground": "not_duty"})
	if p["code"] != "basis_missing" || at(p, "errors", 0, "location") != "body.basis" {
		t.Errorf("got %v, want basis_missing at body.basis", p)
	}
	giveBack := func() obj {
		return n.want(200, "POST", leg+"/return", obj{"ground": "not_duty", "basis": "三定方案", "next_owner": "unit:540102-urban", "note": "属城管"}, "Idempotency-Key", "r1")
	}
	back := giveBack()
	if again := giveBack(); again["version"] != back["version"] {
		t.Errorf("sent again under its key: got version %v, want %v", again["version"], back["version"])
	}
	if back["state"] != "returned" || back["ground"] != "not_duty" || back["next_owner"] != "unit:540102-urban" {
		t.Errorf("got %v, want it returned with ground and next owner", back)
	}
	n.want(200, "POST", leg+"/contest", obj{"note": "应由你们负责"})
	if p := n.want(409, "POST", "/api/v1/cases/"+id+"/close", obj{"outcome": "explained"}); p["code"] != "leg_open" {
		t.Errorf("got %v, want leg_open", p["code"])
	}
	if p := n.want(409, "POST", leg+"/resolve", nil, "If-Match", "99"); p["code"] != "version_wrong" {
		t.Errorf("got %v, want version_wrong", p["code"])
	}
	kept := n.want(200, "POST", leg+"/resolve", nil, "If-Match", fmt.Sprint(back["version"]))
	if kept["resolution"] != "kept" {
		t.Errorf("got resolution %v, want kept", kept["resolution"])
	}
}

func TestTriage(t *testing.T) {
	n := newNode(t)
	v := n.want(200, "POST", "/api/v1/triage", obj{"id": "7", "text": "拉萨市城关区某小区门口的井盖破损，请派人维修。"}, "Accept-Language", "en")
	if v["id"] != "7" || v["line"] != "12345" || v["category"] != "A01" || v["unit"] == "" || len(v["reasons"].([]any)) == 0 {
		t.Errorf("got %v, want A01 with a unit and reasons", v)
	}
	if p := n.want(422, "POST", "/api/v1/triage", obj{"text": ""}); p["code"] != "text_empty" {
		t.Errorf("got %v, want text_empty", p["code"])
	}
}

// Each refusal: the status, the code, the field.
func TestRefusals(t *testing.T) {
	n := newNode(t)
	id := n.take(obj{"legs": []obj{{"to": "unit:540102-housing"}}})
	v := n.want(200, "GET", "/api/v1/cases/"+id, nil)
	cases, one, legs := "/api/v1/cases", "/api/v1/cases/"+id, "/api/v1/legs/"+at(v, "legs", 0, "id").(string)
	before := n.call("GET", one, nil).Body.String()
	good := `{"text":"路灯不亮，请维修。","channel":"web"}`
	with := func(extra string) string { return strings.TrimSuffix(good, "}") + "," + extra + "}" }

	for _, tc := range []struct {
		method, path string
		body         any
		headers      []string
		status       int
		code, at     string
	}{
		{"GET", cases, nil, []string{"Authorization", ""}, 401, "token_missing", ""},
		{"GET", cases, nil, []string{"Authorization", "Basic abc"}, 401, "token_missing", ""},
		{"GET", cases, nil, []string{"Authorization", "Bearer ld_wrong"}, 401, "token_invalid", ""},
		{"POST", cases, "{", []string{"Authorization", ""}, 401, "token_missing", ""},
		{"POST", cases, strings.Repeat("x", 1<<20), []string{"Authorization", ""}, 401, "token_missing", ""},

		{"POST", cases, "{", nil, 400, "json_invalid", "body"},
		{"POST", cases, "not json", nil, 400, "json_invalid", "body"},
		{"POST", cases, good + good, nil, 400, "json_invalid", "body"},
		{"POST", cases, `{"text":"a","text":"b","channel":"web"}`, nil, 400, "json_invalid", "body"},
		{"POST", cases, "{\"text\":\"\xff\xfe\"}", nil, 400, "json_invalid", "body"},
		{"POST", cases, `{"text":"\ud800"}`, nil, 400, "json_invalid", "body"},
		{"POST", cases, `{"text":` + strings.Repeat("[", 60000), nil, 400, "json_invalid", "body"},
		{"POST", cases, "", nil, 400, "body_missing", "body"},
		{"POST", cases, `{"text":"` + strings.Repeat("啊", 100<<10/3) + `","channel":"web"}`, nil, 413, "body_large", "body"},
		{"POST", cases, good, []string{"Content-Type", "text/plain"}, 415, "media_type", ""},
		{"POST", cases, good, []string{"Content-Type", "application/json; charset=gbk"}, 415, "media_type", ""},
		{"POST", cases, good, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "media_type", ""},

		{"POST", cases, "[]", nil, 422, "field_type", "body"},
		{"POST", cases, `"text"`, nil, 422, "field_type", "body"},
		{"POST", cases, "{}", nil, 422, "text_empty", "body.text"},
		{"POST", cases, "null", nil, 422, "text_empty", "body.text"},
		{"POST", cases, `{"text":7,"channel":"web"}`, nil, 422, "field_type", "body.text"},
		{"POST", cases, with(`"colour":"red"`), nil, 422, "field_unknown", "body.colour"},
		{"POST", cases, with(`"Text":"again"`), nil, 422, "field_unknown", "body.Text"},
		{"POST", cases, with(`"caller":{"nickname":"x"}`), nil, 422, "field_unknown", "body.caller.nickname"},
		{"POST", cases, with(`"legs":[{"to":"110"},{"to":5}]`), nil, 422, "field_type", "body.legs[1].to"},
		{"POST", cases, with(`"level":"2"`), nil, 422, "field_type", "body.level"},
		{"POST", cases, with(`"confidential":"yes"`), nil, 422, "field_type", "body.confidential"},
		{"POST", cases, with(`"occurred_at":"yesterday"`), nil, 422, "field_type", "body.occurred_at"},
		{"POST", cases, with(`"occurred_at":"2999-01-01T00:00:00Z"`), nil, 422, "occurred_in_future", "body.occurred_at"},
		{"POST", cases, `{"text":" \n ","channel":"web"}`, nil, 422, "text_empty", "body.text"},
		{"POST", cases, `{"text":"a\u0007b","channel":"web"}`, nil, 422, "text_control", "body.text"},
		{"POST", cases, `{"text":"a\u0000b","channel":"web"}`, nil, 422, "text_control", "body.text"},
		{"POST", cases, `{"text":"` + strings.Repeat("啊", 10001) + `","channel":"web"}`, nil, 422, "text_long", "body.text"},
		{"POST", cases, `{"text":"路灯不亮"}`, nil, 422, "channel_unknown", "body.channel"},
		{"POST", cases, `{"text":"路灯不亮","channel":"pigeon"}`, nil, 422, "channel_unknown", "body.channel"},
		{"POST", cases, with(`"region":"999999"`), nil, 422, "region_unknown", "body.region"},
		{"POST", cases, with(`"category":"Z99"`), nil, 422, "category_unknown", "body.category"},
		{"POST", cases, with(`"item":"A01.99x"`), nil, 422, "item_unknown", "body.item"},
		{"POST", cases, with(`"kind":"song"`), nil, 422, "kind_unknown", "body.kind"},
		{"POST", cases, with(`"level":9`), nil, 422, "level_range", "body.level"},
		{"POST", cases, with(`"urgent":"C9"`), nil, 422, "urgent_unknown", "body.urgent"},
		{"POST", cases, with(`"first_response":"D9"`), nil, 422, "first_response_unknown", "body.first_response"},
		{"POST", cases, with(`"subject_unit":"nobody"`), nil, 422, "unit_unknown", "body.subject_unit"},
		{"POST", cases, with(`"caller":{"phone":"call me"}`), nil, 422, "phone_invalid", "body.caller.phone"},
		{"POST", cases, with(`"external_id":"` + strings.Repeat("x", 201) + `"`), nil, 422, "text_long", "body.external_id"},
		{"POST", cases, with(`"legs":[{"to":"mars"}]`), nil, 422, "to_unknown", "body.legs[0].to"},
		{"POST", cases, with(`"legs":[{"to":"12345"}]`), nil, 422, "to_self", "body.legs[0].to"},
		{"POST", cases, with(`"legs":[{"to":"platform:mars"}]`), nil, 422, "link_unknown", "body.legs[0].to"},
		{"POST", cases, with(`"legs":[{"to":"110","role":"boss"}]`), nil, 422, "role_unknown", "body.legs[0].role"},

		{"GET", cases + "?limit=0", nil, nil, 422, "limit_range", "query.limit"},
		{"GET", cases + "?limit=201", nil, nil, 422, "limit_range", "query.limit"},
		{"GET", cases + "?limit=many", nil, nil, 422, "limit_range", "query.limit"},
		{"GET", cases + "?cursor=%21", nil, nil, 422, "cursor_invalid", "query.cursor"},
		{"GET", cases + "?cursor=MS4A", nil, nil, 422, "cursor_invalid", "query.cursor"}, // "1.\x00"
		{"GET", cases + "?urgent=perhaps", nil, nil, 422, "param_invalid", "query.urgent"},
		{"GET", cases + "?order=best", nil, nil, 422, "param_invalid", "query.order"},
		{"GET", cases + "?colour=red", nil, nil, 422, "param_unknown", "query.colour"},
		{"GET", cases + "?status=lost", nil, nil, 422, "status_unknown", "query.status"},
		{"GET", cases + "?line=119", nil, nil, 422, "line_unknown", "query.line"},
		{"GET", cases + "?category=Q1", nil, nil, 422, "category_unknown", "query.category"},
		{"GET", cases + "?region=1", nil, nil, 422, "region_unknown", "query.region"},
		{"GET", cases + "?q=%00", nil, nil, 422, "text_control", "query.q"},
		{"GET", cases + "?q=%ff", nil, nil, 422, "text_encoding", "query.q"},
		{"GET", cases + "?unit=%00", nil, nil, 422, "text_control", "query.unit"},

		{"GET", cases + "/nosuch", nil, nil, 404, "case_not_found", ""},
		{"GET", cases + "/%00", nil, nil, 404, "case_not_found", ""},
		{"GET", cases + "/" + strings.Repeat("x", 300), nil, nil, 404, "case_not_found", ""},
		{"GET", cases + "/nosuch/events", nil, nil, 404, "case_not_found", ""},
		{"POST", cases + "/nosuch/close", obj{}, nil, 404, "case_not_found", ""},
		{"POST", cases + "/nosuch/legs", obj{"legs": []obj{{"to": "110"}}}, nil, 404, "case_not_found", ""},
		{"GET", "/api/v1/legs/nosuch", nil, nil, 404, "leg_not_found", ""},
		{"POST", "/api/v1/legs/nosuch/accept", nil, nil, 404, "leg_not_found", ""},
		{"POST", legs + "/dance", nil, nil, 404, "no_such_path", ""},
		{"GET", "/api/v2/cases", nil, nil, 404, "no_such_path", ""},
		{"DELETE", one, nil, nil, 405, "method_not_allowed", ""},
		{"PUT", cases, good, nil, 405, "method_not_allowed", ""},
		{"GET", legs + "/accept", nil, nil, 405, "method_not_allowed", ""},

		{"POST", one + "/legs", obj{"legs": []obj{{"to": "110"}}}, []string{"If-Match", `"41"`}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/legs", obj{"legs": []obj{{"to": "110"}}, "version": 41}, nil, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/legs", obj{"legs": []obj{{"to": "110"}}, "version": 41}, []string{"If-Match", "42"}, 422, "version_conflicting", "body.version"},
		{"POST", one + "/legs", obj{"legs": []obj{{"to": "110"}}}, []string{"If-Match", "three"}, 422, "header_invalid", "header.If-Match"},
		{"POST", one + "/legs", obj{"legs": []obj{}}, nil, 422, "legs_missing", "body.legs"},
		{"POST", one + "/legs", obj{}, nil, 422, "legs_missing", "body.legs"},
		{"POST", one + "/decide", obj{"level": 1}, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/decide", obj{"level": 1}, nil, 422, "level_reason_missing", "body.reason"},
		{"POST", one + "/notes", obj{"note": "x"}, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/notes", obj{}, nil, 422, "text_empty", "body.note"},
		{"POST", one + "/caller", obj{}, nil, 422, "caller_empty", "body.phone"},
		{"POST", one + "/caller", obj{"name": "x"}, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/calls", obj{"kind": "three_way", "outcome": "done"}, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/calls", obj{"kind": "telepathy", "outcome": "done"}, nil, 422, "call_kind_unknown", "body.kind"},
		{"POST", one + "/calls", obj{"kind": "three_way", "outcome": "done", "leg": "nosuch"}, nil, 404, "leg_not_found", ""},
		{"POST", one + "/dispatch", obj{"mark": "level_set"}, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/dispatch", obj{"mark": "level_set"}, nil, 409, "dispatch_not_here", "mark"},
		{"POST", one + "/group", obj{"others": []string{id}}, nil, 422, "group_self", "body.others"},
		{"POST", one + "/group", obj{"others": []string{id}}, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/ungroup", nil, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/callback", obj{}, nil, 422, "field_missing", "body.solved"},
		{"POST", one + "/callback", obj{"solved": true, "satisfaction": "many", "scale": 3}, nil, 422, "satisfaction_form", "body.satisfaction"},
		{"POST", one + "/callback", obj{"solved": true, "satisfaction": 4, "scale": 3}, nil, 422, "satisfaction_range", "body.satisfaction"},
		{"POST", one + "/callback", obj{"solved": true, "satisfaction": 1, "scale": 4}, nil, 422, "scale_unknown", "body.scale"},
		{"POST", one + "/callback", obj{"solved": true}, nil, 409, "callback_not_yet", "status"},
		{"POST", one + "/callback", obj{"solved": true}, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/close", obj{"outcome": "solved"}, nil, 409, "leg_open", "legs"},
		{"POST", one + "/close", obj{"outcome": "victory"}, nil, 422, "outcome_unknown", "body.outcome"},
		{"POST", one + "/close", obj{"outcome": "solved"}, []string{"If-Match", "41"}, 409, "version_wrong", "header.If-Match"},
		{"POST", one + "/reveal", obj{}, nil, 422, "reason_missing", "body.reason"},

		{"POST", legs + "/accept", nil, []string{"If-Match", `"41"`}, 409, "version_wrong", "header.If-Match"},
		{"POST", legs + "/accept", obj{"version": 41}, nil, 409, "version_wrong", "header.If-Match"},
		{"POST", legs + "/accept", obj{"result": "x"}, nil, 422, "field_unknown", "body.result"},
		{"POST", legs + "/settle", nil, nil, 409, "move_refused", "state"},
		{"POST", legs + "/return", obj{"ground": "tired", "basis": "x"}, nil, 422, "ground_unknown", "body.ground"},
		{"POST", legs + "/feedback", obj{}, nil, 422, "result_missing", "body.result"},
		{"POST", legs + "/extend", obj{}, nil, 422, "due_missing", "body.due"},
		{"POST", legs + "/extend", obj{"due": "tomorrow"}, nil, 422, "field_type", "body.due"},
		{"POST", legs + "/grant", obj{}, nil, 409, "nothing_asked", "state"},
		{"POST", legs + "/refuse", obj{"note": "no"}, nil, 409, "nothing_asked", "state"},
		{"POST", legs + "/reopen", obj{"note": "again"}, nil, 409, "move_refused", "state"},
		{"POST", legs + "/contest", obj{"note": "no"}, nil, 409, "move_refused", "state"},
		{"POST", legs + "/supplement", obj{}, nil, 422, "note_missing", "body.note"},
		{"POST", legs + "/escalate", obj{}, nil, 422, "note_missing", "body.note"},
		{"POST", legs + "/withdraw", obj{}, nil, 422, "note_missing", "body.note"},
		{"POST", legs + "/resolve", nil, nil, 409, "not_kept", "leg"},
	} {
		for _, lang := range []string{"zh-CN", "en"} {
			a := n.call(tc.method, tc.path, tc.body, append([]string{"Accept-Language", lang}, tc.headers...)...)
			name := fmt.Sprintf("%s %.80s %.120s %v", tc.method, tc.path, fmt.Sprint(tc.body), tc.headers)
			if a.Code != tc.status || a.doc["code"] != tc.code {
				t.Errorf("%s: got %d %v, want %d %s\n%s", name, a.Code, a.doc["code"], tc.status, tc.code, a.Body)
				continue
			}
			if got := a.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("%s: got Content-Type %q, want application/problem+json", name, got)
			}
			if a.doc["type"] != "urn:liandong:problem:"+tc.code || a.doc["status"] != float64(tc.status) || a.doc["request_id"] != a.Header().Get("X-Request-Id") {
				t.Errorf("%s: got %v", name, a.doc)
			}
			if got, _ := at(a.doc, "errors", 0, "location").(string); got != tc.at {
				t.Errorf("%s: got location %q, want %q", name, got, tc.at)
			}
			detail, _ := a.doc["detail"].(string)
			if detail == "" || strings.Contains(detail, tc.code) || strings.ContainsAny(detail, "{}") {
				t.Errorf("%s: got detail %q, want a sentence", name, detail)
			}
			if han := strings.ContainsFunc(detail, func(r rune) bool { return r >= 0x4e00 && r < 0xa000 }); han != (lang == "zh-CN") {
				t.Errorf("%s in %s: got %q", name, lang, detail)
			}
			if (a.Header().Get("WWW-Authenticate") != "") != (tc.status == 401) {
				t.Errorf("%s: got WWW-Authenticate %q with %d", name, a.Header().Get("WWW-Authenticate"), tc.status)
			}
			if (a.Header().Get("Allow") != "") != (tc.status == 405) {
				t.Errorf("%s: got Allow %q with %d", name, a.Header().Get("Allow"), tc.status)
			}
		}
	}
	if after := n.call("GET", one, nil).Body.String(); after != before {
		t.Errorf("a refused request changed the case:\n%s\nwas\n%s", after, before)
	}
	if list := n.want(200, "GET", cases, nil); len(list["cases"].([]any)) != 1 {
		t.Errorf("a refused intake left a case: %d", len(list["cases"].([]any)))
	}
}

// Each operation asks for one of its scopes, and is content with any of them.
func TestScopes(t *testing.T) {
	n := newNode(t)
	none := n.with(hotline.HandOver)
	asked := 0
	for path, item := range n.huma.OpenAPI().Paths {
		for method, op := range map[string]any{"GET": item.Get, "POST": item.Post} {
			if fmt.Sprint(op) == "<nil>" {
				continue
			}
			asked++
			target := strings.ReplaceAll(path, "{id}", "nosuch")
			if a := none.call(method, target, obj{}); a.Code != 403 || a.doc["code"] != "denied" {
				t.Errorf("%s %s without a scope: got %d %v, want 403", method, path, a.Code, a.doc["code"])
			}
		}
	}
	if asked < 30 {
		t.Errorf("asked %d operations, want all: 30 or more", asked)
	}
	for _, tc := range []struct {
		right  hotline.Right
		method string
		path   string
		want   int // not 403
	}{
		{hotline.TakeCases, "GET", "/api/v1/cases/nosuch", 404},
		{hotline.SeeCases, "GET", "/api/v1/cases/nosuch", 404},
		{hotline.WorkLegs, "POST", "/api/v1/legs/nosuch/grant", 404},
		{hotline.DecideCases, "POST", "/api/v1/legs/nosuch/grant", 404},
		{hotline.AskLegs, "POST", "/api/v1/legs/nosuch/urge", 404},
	} {
		if a := n.with(tc.right).call(tc.method, tc.path, nil); a.Code != tc.want {
			t.Errorf("%s %s with %s: got %d, want %d", tc.method, tc.path, tc.right, a.Code, tc.want)
		}
	}
}

// A token bound to a region does not learn what lies outside.
func TestRegionOfToken(t *testing.T) {
	n := newNode(t)
	id := n.take(nil) // 540102
	token, err := n.auth.NewToken(t.Context(), "日喀则", hotline.Rights(), "540200")
	if err != nil {
		t.Fatal(err)
	}
	other := *n
	other.token = token
	if p := other.want(404, "GET", "/api/v1/cases/"+id, nil); p["code"] != "case_not_found" {
		t.Errorf("got %v, want case_not_found", p["code"])
	}
	for _, verb := range []string{"close", "decide", "callback", "notes", "legs", "calls", "dispatch", "reveal", "ungroup", "group"} {
		body := obj{"close": obj{}, "decide": obj{"level": 2, "reason": "x"}, "callback": obj{"solved": true}, "notes": obj{"note": "x"}, "legs": obj{"legs": []obj{{"to": "110"}}},
			"calls": obj{"kind": "three_way", "outcome": "done"}, "dispatch": obj{"mark": "level_set"}, "reveal": obj{"reason": "x"}, "ungroup": obj{}, "group": obj{"others": []string{"other"}}}[verb]
		if a := other.call("POST", "/api/v1/cases/"+id+"/"+verb, body); a.Code != 404 {
			t.Errorf("%s: got %d, want 404\n%s", verb, a.Code, a.Body)
		}
	}
	if list := other.want(200, "GET", "/api/v1/cases", nil); len(list["cases"].([]any)) != 0 {
		t.Errorf("got %v, want no case", list)
	}
	if a := other.call("POST", "/api/v1/cases", obj{"text": "路灯不亮，请维修。", "channel": "web", "region": "540102"}); a.Code != 403 {
		t.Errorf("intake outside of the region: got %d, want 403", a.Code)
	}
}

// wrong is a desk in which something is broken.
type wrong struct {
	Desk
	err   error
	panic any
}

func (w wrong) Case(context.Context, hotline.Actor, string) (desk.CaseView, error) {
	if w.panic != nil {
		panic(w.panic)
	}
	return desk.CaseView{}, w.err
}

func TestOurFaults(t *testing.T) {
	n := newNode(t)
	for _, tc := range []struct {
		desk   wrong
		status int
		code   string
	}{
		{wrong{err: errors.New("disk: secret detail")}, 500, "internal"},
		{wrong{err: hotline.Errorf(hotline.Internal, "limits_missing", "secret detail")}, 500, "internal"},
		{wrong{err: &hotline.Error{Kind: hotline.Unavailable, Code: "database_unavailable", Cause: errors.New("secret detail")}}, 503, "database_unavailable"},
		{wrong{err: context.Canceled}, 503, "cancelled"},
		{wrong{panic: "secret detail"}, 500, "internal"},
	} {
		tc.desk.Desk = n.desk
		broken := *n
		broken.API = New(Config{Desk: tc.desk, Auth: n.auth, Ready: n.store.Ping, Version: "test", Log: n.API.log})
		a := broken.call("GET", "/api/v1/cases/x", nil, "X-Request-Id", "find-me-123")
		if a.Code != tc.status || a.doc["code"] != tc.code || a.doc["request_id"] != "find-me-123" {
			t.Errorf("%+v: got %d %v", tc.desk.err, a.Code, a.doc)
		}
		if strings.Contains(a.Body.String(), "secret") {
			t.Errorf("the answer tells what only the log should: %s", a.Body)
		}
		if (a.Header().Get("Retry-After") != "") != (tc.status == 503) {
			t.Errorf("got Retry-After %q with %d", a.Header().Get("Retry-After"), tc.status)
		}
	}
	if log := n.log.String(); !strings.Contains(log, "disk: secret detail") || !strings.Contains(log, "find-me-123") {
		t.Errorf("the log does not tell the cause:\n%s", log)
	}
}

func TestHealthReadinessMetrics(t *testing.T) {
	n := newNode(t)
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json"} {
		n.want(200, "GET", path, nil, "Authorization", "")
	}
	n.take(nil)
	n.call("GET", "/api/v1/cases/nosuch", nil)
	n.call("BREW", "/api/v1/nothing/at/all", nil)
	m := n.call("GET", "/metrics", nil, "Authorization", "").Body.String()
	for _, want := range []string{
		`liandong_http_requests_total{method="POST",route="/api/v1/cases",status="201"} 1`,
		`liandong_http_requests_total{method="GET",route="/api/v1/cases/{id}",status="404"} 1`,
		`liandong_http_requests_total{method="other",route="other",status="404"} 1`,
		`liandong_http_request_seconds_count{method="POST",route="/api/v1/cases"} 1`,
		`liandong_build_info{go="`, "go_goroutines",
	} {
		if !strings.Contains(m, want) {
			t.Errorf("no %s in the metrics:\n%s", want, m)
		}
	}
	broken := *n
	broken.API = New(Config{Desk: n.desk, Auth: n.auth, Version: "test", Ready: func(context.Context) error { return errors.New("gone") }})
	if p := broken.want(503, "GET", "/readyz", nil); p["code"] != "database_unavailable" {
		t.Errorf("got %v, want database_unavailable", p["code"])
	}
	broken.want(200, "GET", "/healthz", nil)
}

func TestGuard(t *testing.T) {
	n := newNode(t)
	mux := http.NewServeMux()
	mux.Handle("GET /api/v1/own", n.Guard(hotline.Administer, func(w http.ResponseWriter, r *http.Request, a hotline.Actor) error {
		if r.URL.Query().Has("fail") {
			return hotline.Errorf(hotline.Invalid, "url_invalid", "url")
		}
		return WriteJSON(w, 200, map[string]string{"by": a.Name})
	}))
	for target, want := range map[string]int{"/api/v1/own": 200, "/api/v1/own?fail": 422} {
		for _, token := range []struct {
			value string
			want  int
		}{{n.token, want}, {"", 401}, {n.with(hotline.SeeCases).token, 403}} {
			r := httptest.NewRequest("GET", target, nil)
			r.Header.Set("Authorization", "Bearer "+token.value)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if w.Code != token.want || w.Header().Get("X-Request-Id") == "" {
				t.Errorf("%s: got %d, want %d\n%s", target, w.Code, token.want, w.Body)
			}
		}
	}
	if !strings.Contains(n.log.String(), `"route":"/api/v1/own"`) {
		t.Errorf("no route in the log:\n%s", n.log)
	}
}

// The line of a request says who, what and how it ended, and no more.
func TestLog(t *testing.T) {
	n := newNode(t)
	n.call("POST", "/api/v1/cases", obj{"text": "我叫王测试，电话13900000009", "channel": "pigeon"}, "X-Request-Id", "req-00001")
	n.call("POST", "/api/v1/cases", `{"王测试":"13900000009"}`, "X-Request-Id", "req-00002")
	n.call("GET", "/api/v1/cases?q=%E7%8E%8B%E6%B5%8B%E8%AF%95&13900000009=1", nil, "X-Request-Id", "bad id with spaces")
	log := n.log.String()
	for _, want := range []string{`"msg":"refused"`, `"request":"req-00001"`, `"route":"/api/v1/cases"`, `"status":422`, `"code":"channel_unknown"`,
		`"field":"body.channel"`, `"code":"field_unknown"`, `"actor":"`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in the log:\n%s", want, log)
		}
	}
	for _, secret := range []string{"测试", "13900000009", "%E7", "bad id", n.token} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
}

func BenchmarkShowCase(b *testing.B) {
	n := newNode(b)
	path := "/api/v1/cases/" + n.take(obj{"legs": []obj{{"to": "unit:540102-housing"}}})
	n.bench(b, "GET", path, "", 200)
}

func BenchmarkListCases(b *testing.B) {
	n := newNode(b)
	for range 50 {
		n.take(obj{"legs": []obj{{"to": "unit:540102-housing"}}})
	}
	n.bench(b, "GET", "/api/v1/cases", "", 200)
}

func BenchmarkIntake(b *testing.B) {
	newNode(b).bench(b, "POST", "/api/v1/cases", `{"text":"城关区某小区门口的井盖破损，请派人维修。","channel":"phone","region":"540102","legs":[{"to":"110"}]}`, 201)
}

// bench asks the same again and again, without looking at the answer.
func (n *node) bench(b *testing.B, method, path, body string, want int) {
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+n.token)
		w := httptest.NewRecorder()
		n.ServeHTTP(w, r)
		if w.Code != want {
			b.Fatalf("got %d, want %d\n%s", w.Code, want, w.Body)
		}
	}
}
