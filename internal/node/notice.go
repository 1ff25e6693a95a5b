package node

import (
	"context"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"liandong/internal/desk"
	"liandong/internal/job"
	"liandong/internal/notify"
	"liandong/internal/store"
)

// noticeFaults finds what is wrong with the ways in which notices go.
func (c Config) noticeFaults(bad func(key, format string, args ...any)) {
	if c.MailServer == "" && (c.MailFrom != "" || c.MailUser != "" || c.MailPasswordFile != "" || c.MailTLS != "") {
		bad("mail_server", "mail_from, mail_user, mail_password_file and mail_tls are for nothing without it")
	}
	if c.MailServer != "" {
		if host, port, err := net.SplitHostPort(c.MailServer); err != nil || host == "" || port == "" {
			bad("mail_server", "want host:port, like mail.example:587, not %q", c.MailServer)
		}
		if at, err := mail.ParseAddress(c.MailFrom); err != nil || at.Address != c.MailFrom {
			bad("mail_from", "want the address that notices come from, not %q", c.MailFrom)
		}
		if (c.MailUser == "") != (c.MailPasswordFile == "") {
			bad("mail_user", "mail_user and mail_password_file go together")
		}
		switch c.MailTLS {
		case "", notify.StartTLS, notify.OnlyTLS, notify.NoTLS:
		default:
			bad("mail_tls", "want starttls, tls or none, not %q", c.MailTLS)
		}
	}
	if c.SMSURL != "" && !isHTTP(c.SMSURL) {
		bad("sms_url", "want http:// or https:// and a host, without a password in it")
	}
	if c.SMSURL == "" && (c.SMSKeyFile != "" || c.SMSBody != "") {
		bad("sms_url", "sms_key_file and sms_body are for nothing without it")
	}
	if c.SMSBody != "" && (!strings.Contains(c.SMSBody, "{to}") || !strings.Contains(c.SMSBody, "{text}")) {
		bad("sms_body", "want {to} and {text} in it, where number and text stand")
	}
}

// NoticeChannels are the ways in which notices go: those that are configured,
// and webhooks, which need nothing.
func (c Config) NoticeChannels() []string {
	var out []string
	if c.MailServer != "" {
		out = append(out, desk.ByMail)
	}
	if c.SMSURL != "" {
		out = append(out, desk.BySMS)
	}
	return append(out, desk.ByWebhook)
}

// newMessenger puts together what sends notices.
func (n *Node) newMessenger() (*notify.Messenger, error) {
	c := n.cfg
	by := map[string]notify.Channel{desk.ByWebhook: notify.NewWebhook(n.keys)}
	if c.MailServer != "" {
		m := notify.Mail{Server: c.MailServer, From: c.MailFrom, User: c.MailUser, TLS: c.MailTLS}
		if m.TLS == "" {
			m.TLS = notify.StartTLS
		}
		if c.MailPasswordFile != "" {
			var err error
			if m.Password, err = readSecret(c.MailPasswordFile); err != nil {
				return nil, fmt.Errorf("mail_password_file: %w", err)
			}
		}
		by[desk.ByMail] = m
	}
	if c.SMSURL != "" {
		key := ""
		if c.SMSKeyFile != "" {
			var err error
			if key, err = readSecret(c.SMSKeyFile); err != nil {
				return nil, fmt.Errorf("sms_key_file: %w", err)
			}
		}
		by[desk.BySMS] = notify.NewSMS(c.SMSURL, key, c.SMSBody)
	}
	return notify.NewMessenger(n.desk, by, c.PublicURL, n.log), nil
}

// noticeRounds is a round for each way, so that a dead one holds up no other.
func (n *Node) noticeRounds() (out []job.Round) {
	for _, ch := range n.cfg.NoticeChannels() {
		out = append(out, job.Round{Name: "notices by " + ch, Every: time.Second, Lease: true,
			Run: func(ctx context.Context) error { return n.messenger.Send(ctx, ch) }})
	}
	return out
}

// noticeMetrics says at every scrape what notices did not go.
type noticeMetrics struct{ read *store.Reader }

var (
	noticeLabels  = []string{"channel"}
	noticeWaiting = prometheus.NewDesc("liandong_notices_waiting", "Messages to people that did not go yet, those that gather or wait for the end of quiet hours included.", noticeLabels, nil)
	noticeFailing = prometheus.NewDesc("liandong_notices_failing", "Of those that wait, the ones tried in vain.", noticeLabels, nil)
	noticeUnsure  = prometheus.NewDesc("liandong_notices_unsure", "Messages of which nobody knows whether they arrived.", noticeLabels, nil)
	noticeOldest  = prometheus.NewDesc("liandong_notices_oldest_seconds", "Age of the oldest message that waits; 0 where none does.", noticeLabels, nil)
)

// Describe is part of prometheus.Collector.
func (m noticeMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{noticeWaiting, noticeFailing, noticeUnsure, noticeOldest} {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (m noticeMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeMost)
	defer cancel()
	counts, err := m.read.CountNotices(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(noticeWaiting, err)
		return
	}
	now := time.Now()
	for _, ch := range desk.NoticeChannels() {
		gauge := func(d *prometheus.Desc, v float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, ch)
		}
		gauge(noticeWaiting, float64(counts[ch].Waiting))
		gauge(noticeFailing, float64(counts[ch].Failing))
		gauge(noticeUnsure, float64(counts[ch].Unsure))
		gauge(noticeOldest, since(now, counts[ch].Oldest))
	}
}
