package node

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/job"
)

// A node that is configured for a gateway sends by it, keeps what does not go,
// and counts that at /metrics.
func TestNoticesOfANode(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		got := make(chan string, 4)
		sms := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			got <- string(b)
		}))
		t.Cleanup(sms.Close)
		c.SMSURL, c.MailServer, c.MailFrom, c.MailTLS = sms.URL, "127.0.0.1:1", "desk@test.example", "none"
		n := open(t, c)
		t.Cleanup(func() { n.Close() })
		if want := []string{"mail", "sms", "webhook"}; !slices.Equal(n.desk.Channels(), want) {
			t.Errorf("channels %v, want %v", n.desk.Channels(), want)
		}
		root := hotline.Actor{ID: "root", Name: "测试管理员", Role: hotline.Administrator, Platform: c.Platform}
		for ch, address := range map[string]string{desk.ByMail: "duty@test.example", desk.BySMS: "13900000009"} {
			err := n.desk.AddNoticeRecipient(t.Context(), root, desk.NewRecipient{Name: "测试值班", Channel: ch, Address: hotline.NewPersonal(address), Rung: "over", Language: "zh-CN"})
			if err != nil {
				t.Fatal(err)
			}
		}
		all, err := n.desk.NoticeRecipients(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if err := n.desk.ChangeNoticeRecipient(t.Context(), root, r.ID, "test"); err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); job.Run(ctx, nil, n.log, n.noticeRounds()...) }()
		t.Cleanup(func() { stop(); <-done })
		select {
		case s := <-got:
			if !strings.Contains(s, `"to":"13900000009"`) || !strings.Contains(s, "测试通知") {
				t.Errorf("the gateway got %s", s)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the gateway got nothing")
		}
		api := newCaller(t, n, "cases.see")
		want := []string{`liandong_notices_failing{channel="mail"} 1`, `liandong_notices_waiting{channel="mail"} 1`, `liandong_notices_waiting{channel="sms"} 0`, `liandong_notices_unsure{channel="webhook"} 0`}
		missing := want
		for end := time.Now().Add(20 * time.Second); len(missing) > 0 && time.Now().Before(end); {
			metrics := api.call("GET", "/metrics", nil, 200, nil)
			missing = slices.DeleteFunc(slices.Clone(want), func(s string) bool { return strings.Contains(metrics, s) })
		}
		if len(missing) > 0 {
			t.Errorf("metrics without %v", missing)
		}
	})
}
