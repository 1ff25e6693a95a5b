package api

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"liandong/internal/hotline"
)

// A dispatch system tells the 110 platform its times: each once, none running backwards, a correction with its reason.
func TestDispatchTimes(t *testing.T) {
	n := openLine(t, filepath.Join(t.TempDir(), "node.db"), "110", "12345")
	id := n.take(obj{"text": "有人在打架，快来", "channel": "phone"})
	path := "/api/v1/cases/" + id
	if v := n.want(200, "GET", path, nil); v["dispatch"] != nil {
		t.Errorf("got %v, want nothing recorded", v["dispatch"])
	}
	if v := n.want(200, "POST", path+"/dispatch", obj{"mark": "level_set"}); at(v, "dispatch", "level_set") == nil {
		t.Errorf("got %v, want the moment", v["dispatch"])
	}
	later := time.Now().Add(time.Hour).Format(time.RFC3339)
	early := time.Now().Add(-2 * time.Hour).Format(time.RFC3339)
	for _, tc := range []struct {
		body   obj
		header []string
		status int
		code   string
	}{
		{obj{"mark": "level_set"}, nil, 409, "dispatch_twice"},
		{obj{"mark": "unit_sent", "at": later}, nil, 422, "occurred_in_future"},
		{obj{"mark": "unit_sent", "at": early}, nil, 409, "dispatch_before_case"},
		{obj{"mark": "on_scene", "correct": true, "reason": "记错"}, nil, 409, "dispatch_not_yet"},
		{obj{"mark": "level_set", "correct": true}, nil, 422, "reason_missing"},
		{obj{"mark": "lunch"}, nil, 422, "dispatch_unknown"},
		{obj{"mark": "unit_sent"}, []string{"If-Match", "41"}, 409, "version_wrong"},
		{obj{"mark": "unit_sent", "version": 41}, nil, 409, "version_wrong"},
	} {
		if p := n.want(tc.status, "POST", path+"/dispatch", tc.body, tc.header...); p["code"] != tc.code {
			t.Errorf("%v: got %v, want %s", tc.body, p["code"], tc.code)
		}
	}
	right := n.want(200, "POST", path+"/dispatch", obj{"mark": "level_set", "correct": true, "reason": "按录音更正", "at": time.Now().Format(time.RFC3339)})
	v := n.want(200, "POST", path+"/dispatch", obj{"mark": "unit_sent"}, "If-Match", fmt.Sprint(right["version"]))
	if at(v, "dispatch", "unit_sent") == nil || at(v, "dispatch", "on_scene") != nil {
		t.Errorf("got %v, want the unit sent and not there yet", v["dispatch"])
	}
	if p := n.with(hotline.SeeCases).want(403, "POST", path+"/dispatch", obj{"mark": "on_scene"}); p["code"] != "scope_missing" && p["code"] != "denied" {
		t.Errorf("a token that may only look: got %v", p["code"])
	}
}
