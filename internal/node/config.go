package node

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"liandong/internal/calendar"
	"liandong/internal/casefile"
)

// Config is one platform's configuration: a JSON file, read strictly. What
// people change while it runs (links, units, catalogue, people) is data in the
// database and stands elsewhere.
type Config struct {
	// Platform is the code by which other platforms know this one, for
	// instance 540100-12345. It never changes once the node has started.
	Platform string `json:"platform"`
	// Line is "12345" or "110".
	Line string `json:"line"`
	// Name is what people call the platform.
	Name string `json:"name"`
	// Region is the code (GB/T 2260, six digits) of where the line serves.
	Region string `json:"region"`
	// Listen is host:port; 127.0.0.1:8080 unless said otherwise.
	Listen string `json:"listen,omitempty"`
	// PublicURL is where people, programs and peers reach the node, for
	// instance behind a proxy. Default: from Listen.
	PublicURL string `json:"public_url,omitempty"`
	// Data is a directory for the keys and, without Database, the SQLite file.
	Data string `json:"data"`
	// Database is the address of a PostgreSQL database (postgres://…, its
	// search_path names the schema); DatabaseFile is a file that holds it, so
	// that its password stands in no configuration. Without either, SQLite.
	Database     string `json:"database,omitempty"`
	DatabaseFile string `json:"database_file,omitempty"`
	// TLSCert and TLSKey are PEM files; with them the node speaks HTTPS.
	TLSCert string `json:"tls_cert,omitempty"`
	TLSKey  string `json:"tls_key,omitempty"`
	// TLSClientCA is a PEM file with the authorities of peers' certificates:
	// with it nobody brings a letter who does not show one (mutual TLS).
	TLSClientCA string `json:"tls_client_ca,omitempty"`
	// OpinionURL is an OpenAI-compatible API, run by the line itself, that seats
	// get a second opinion from (https://…/v1); OpinionModel is the model's name
	// and OpinionKeyFile a file with its key. Texts go there masked. Off without.
	OpinionURL     string `json:"opinion_url,omitempty"`
	OpinionModel   string `json:"opinion_model,omitempty"`
	OpinionKeyFile string `json:"opinion_key_file,omitempty"`
	// ReconcileEvery is how often both sides of every link are compared: 10m to
	// 168h, or off; 24h unless said otherwise.
	ReconcileEvery string `json:"reconcile_every,omitempty"`
	// StampURL is a time-stamp authority (RFC 3161, over HTTP) that says at what
	// time a head of the log existed; StampCAFile is a PEM file with the root that
	// its certificate must lead to, and StampEvery is 10m to 168h, 1h unless said
	// otherwise. Only a hash goes there. Off without.
	StampURL    string `json:"stamp_url,omitempty"`
	StampCAFile string `json:"stamp_ca_file,omitempty"`
	StampEvery  string `json:"stamp_every,omitempty"`
	// CalendarFile is a CSV file of days off beside those that the program ships:
	// the next year's, or a region's own.
	CalendarFile string `json:"calendar_file,omitempty"`
	// MailServer (host:port) and MailFrom send notices by mail; MailUser and
	// MailPasswordFile sign in, MailTLS is starttls (unless said otherwise), tls
	// or none. Off without.
	MailServer       string `json:"mail_server,omitempty"`
	MailFrom         string `json:"mail_from,omitempty"`
	MailUser         string `json:"mail_user,omitempty"`
	MailPasswordFile string `json:"mail_password_file,omitempty"`
	MailTLS          string `json:"mail_tls,omitempty"`
	// SMSURL is an HTTP gateway that sends notices as SMS, SMSKeyFile a file with
	// its key, SMSBody what is posted, with {to}, {text} and {id}. Off without.
	SMSURL     string `json:"sms_url,omitempty"`
	SMSKeyFile string `json:"sms_key_file,omitempty"`
	SMSBody    string `json:"sms_body,omitempty"`
	// KeepOffline is how long a unit's phone keeps, encrypted, what was written
	// without a line: 1h to 72h, or off; 12h, a shift, unless said otherwise.
	KeepOffline string `json:"keep_offline,omitempty"`
}

// maxConfig is far more than a configuration needs.
const maxConfig = 64 << 10

// maxSecret: an address with a password is a line.
const maxSecret = 4 << 10

// ReadConfig reads and checks a configuration file. All faults are told at
// once, each with the key at fault. Relative paths in it start from the file's
// directory.
func ReadConfig(path string) (Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	c, err := ParseConfig(b, filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s:\n%w", path, err)
	}
	return c, nil
}

// ParseConfig is ReadConfig for the content of a file in a directory.
func ParseConfig(b []byte, dir string) (Config, error) {
	if len(b) > maxConfig {
		return Config{}, fmt.Errorf("%d bytes, more than %d", len(b), maxConfig)
	}
	var c Config
	faults := c.decode(b)
	for _, p := range []*string{&c.Data, &c.DatabaseFile, &c.TLSCert, &c.TLSKey, &c.TLSClientCA, &c.OpinionKeyFile, &c.MailPasswordFile, &c.SMSKeyFile, &c.StampCAFile, &c.CalendarFile} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	if c.DatabaseFile != "" {
		dsn, err := readSecret(c.DatabaseFile)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("database_file: %w", err))
		case c.Database != "":
			faults = append(faults, errors.New("database_file: database is given too, leave one out"))
		default:
			c.Database = dsn
		}
	}
	if len(faults) == 0 || !slices.ContainsFunc(faults, isSyntax) {
		faults = append(faults, c.faults()...)
	}
	if len(faults) > 0 {
		return Config{}, errors.Join(faults...)
	}
	return c.withDefaults(), nil
}

// decode fills the fields from a JSON object and finds every key that is
// unknown or of the wrong type.
func (c *Config) decode(b []byte) (faults []error) {
	var keys map[string]jsontext.Value
	if err := json.Unmarshal(b, &keys); err != nil {
		return []error{syntaxError{err}}
	}
	fields := map[string]*string{}
	v := reflect.ValueOf(c).Elem()
	var known []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = v.Field(i).Addr().Interface().(*string)
		known = append(known, name)
	}
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		into, ok := fields[name]
		if !ok {
			faults = append(faults, fmt.Errorf("%s: unknown key; known are %s", name, strings.Join(known, ", ")))
			continue
		}
		if err := json.Unmarshal(keys[name], into); err != nil || bytes.Equal(keys[name], []byte("null")) {
			faults = append(faults, fmt.Errorf("%s: want a text in quotes", name))
		}
	}
	return faults
}

// syntaxError says that the file is no JSON object at all.
type syntaxError struct{ err error }

func (e syntaxError) Error() string { return "not a JSON object: " + e.err.Error() }

func isSyntax(err error) bool { _, ok := errors.AsType[syntaxError](err); return ok }

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(b))
	if s == "" || len(b) > maxSecret {
		return "", fmt.Errorf("%s: want one line that is not empty", path)
	}
	return s, nil
}

var (
	platformForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$`)
	regionForm   = regexp.MustCompile(`^[1-9][0-9]{5}$`)
)

// faults finds everything that is wrong with the values.
func (c Config) faults() (out []error) {
	bad := func(key, format string, args ...any) {
		out = append(out, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	if !platformForm.MatchString(c.Platform) {
		bad("platform", "want a code of letters, digits, '.', '_' and '-', like 540100-12345, not %q", c.Platform)
	}
	if c.Line != "12345" && c.Line != "110" {
		bad("line", `want "12345" or "110", not %q`, c.Line)
	}
	if c.Name == "" || casefile.CheckLine("name", c.Name) != nil || len([]rune(c.Name)) > 100 {
		bad("name", "want what people call the platform, in 1 to 100 characters on one line")
	}
	if !regionForm.MatchString(c.Region) {
		bad("region", "want a region code of six digits, like 540100, not %q", c.Region)
	}
	if c.Data == "" {
		bad("data", "want a directory for the keys and the database")
	}
	if c.Listen != "" {
		if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
			bad("listen", "want host:port, like 127.0.0.1:8080, not %q", c.Listen)
		}
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			bad("public_url", "want http:// or https://, a host and nothing after it, not %q", c.PublicURL)
		}
	}
	if c.Database != "" && !strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://") {
		bad("database", "want postgres://…; for SQLite leave it out, the file is in data")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		bad("tls_cert", "tls_cert and tls_key go together")
	}
	if c.TLSClientCA != "" && c.TLSCert == "" {
		bad("tls_client_ca", "wants tls_cert and tls_key: without TLS nobody shows a certificate")
	}
	if c.OpinionURL != "" && !isHTTP(c.OpinionURL) {
		bad("opinion_url", "want http:// or https:// and a host, without a password in it")
	}
	if c.OpinionURL == "" && (c.OpinionModel != "" || c.OpinionKeyFile != "") {
		bad("opinion_url", "opinion_model and opinion_key_file are for nothing without it")
	}
	if c.StampURL != "" && !isHTTP(c.StampURL) {
		bad("stamp_url", "want http:// or https:// and a host, without a password in it")
	}
	if c.StampURL == "" && (c.StampCAFile != "" || c.StampEvery != "") {
		bad("stamp_url", "stamp_ca_file and stamp_every are for nothing without it")
	}
	if c.StampEvery != "" && !isSpan(c.StampEvery, 10*time.Minute, 7*24*time.Hour) {
		bad("stamp_every", "want 10m to 168h, not %q", c.StampEvery)
	}
	c.noticeFaults(bad)
	if _, err := c.calendar(); err != nil {
		bad("calendar_file", "%v", err)
	}
	for key, path := range map[string]string{"opinion_key_file": c.OpinionKeyFile, "mail_password_file": c.MailPasswordFile, "sms_key_file": c.SMSKeyFile, "stamp_ca_file": c.StampCAFile,
		"tls_cert": c.TLSCert, "tls_key": c.TLSKey, "tls_client_ca": c.TLSClientCA} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			bad(key, "%v", err)
		}
	}
	if c.ReconcileEvery != "" && c.ReconcileEvery != off && !isSpan(c.ReconcileEvery, 10*time.Minute, 7*24*time.Hour) {
		bad("reconcile_every", "want 10m to 168h, or off, not %q", c.ReconcileEvery)
	}
	if c.KeepOffline != "" && c.KeepOffline != off && !isSpan(c.KeepOffline, time.Hour, 72*time.Hour) {
		bad("keep_offline", "want 1h to 72h, or off, not %q", c.KeepOffline)
	}
	slices.SortFunc(out, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return out
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.PublicURL == "" {
		c.PublicURL = c.urlOf(c.Listen)
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	return c
}

// off turns off what is done, or kept, for some time.
const off = "off"

// isHTTP says whether somebody can be called at an address; one with a password
// in it would stand in logs.
func isHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

// isSpan says whether a word is a stretch of time within bounds.
func isSpan(word string, least, most time.Duration) bool {
	d, err := time.ParseDuration(word)
	return err == nil && d >= least && d <= most
}

// span is a stretch of time that was checked when it was read: unless, where
// nothing is said, and 0 for off.
func span(word string, unless time.Duration) time.Duration {
	switch word {
	case "":
		return unless
	case off:
		return 0
	}
	d, _ := time.ParseDuration(word)
	return d
}

func (c Config) reconcileEvery() time.Duration { return span(c.ReconcileEvery, 24*time.Hour) }
func (c Config) stampEvery() time.Duration     { return span(c.StampEvery, time.Hour) }
func (c Config) keepOffline() time.Duration    { return span(c.KeepOffline, 12*time.Hour) }

// CalendarSpan says for which years days off are known, for people.
func (c Config) CalendarSpan() string {
	cal, err := c.calendar()
	if err != nil {
		return err.Error() // it was read before, and changed since
	}
	first, last := cal.Years()
	return fmt.Sprintf("days off from %d to %d", first, last)
}

// calendar is the working time that the node counts by.
func (c Config) calendar() (*calendar.Calendar, error) {
	if c.CalendarFile == "" {
		return calendar.Seed()
	}
	return calendar.SeedWith(os.DirFS(filepath.Dir(c.CalendarFile)), filepath.Base(c.CalendarFile))
}

func (c Config) urlOf(addr string) string {
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return scheme + "://" + addr
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// Loopback says that only programs on this machine reach the node.
func (c Config) Loopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Storage says where the data lies, for people: never with a password.
func (c Config) Storage() string {
	if c.Database == "" {
		return "SQLite " + c.sqlite()
	}
	u, err := url.Parse(c.Database)
	if err != nil {
		return "PostgreSQL (address not readable)"
	}
	return "PostgreSQL " + u.Redacted()
}

func (c Config) sqlite() string { return filepath.Join(c.Data, "liandong.db") }
func (c Config) keys() string   { return filepath.Join(c.Data, "keys.json") }

func (c Config) dsn() string {
	if c.Database != "" {
		return c.Database
	}
	return c.sqlite()
}

// Warnings are not faults, but what an administrator should know.
func (c Config) Warnings() (out []string) {
	if !c.Loopback() && c.TLSCert == "" {
		out = append(out, "listens beyond this machine without TLS: put a proxy with TLS in front, or give tls_cert and tls_key")
	}
	if strings.HasPrefix(c.PublicURL, "http://") && !c.Loopback() {
		out = append(out, "public_url is http: sign-in cookies then travel unprotected")
	}
	return out
}

// Redacted is the configuration as it may be shown: without the password of
// the database.
func (c Config) Redacted() Config {
	if u, err := url.Parse(c.Database); c.Database != "" {
		c.Database = "***"
		if err == nil {
			c.Database = u.Redacted()
		}
	}
	return c
}
