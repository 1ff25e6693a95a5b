package api

import (
	"net/url"
	"testing"
)

func TestDeadline(t *testing.T) {
	n := newNode(t)
	got := n.want(200, "GET", "/api/v1/deadline?from="+url.QueryEscape("2026-09-18T10:00:00+08:00")+"&budget=10wd&region=540102", nil)
	account, _ := got["account"].([]any)
	if got["due"] != "2026-10-09T18:00:00+08:00" || len(account) != 22 {
		t.Errorf("got %v, account of %d spans", got["due"], len(account))
	}
	for _, bad := range []string{"from=yesterday&budget=1wd", "from=2026-11-23T10:00:00Z&budget=0wd", "from=2026-11-23T10:00:00Z&budget=1wd&region=999999"} {
		n.want(422, "GET", "/api/v1/deadline?"+bad, nil)
	}
}
