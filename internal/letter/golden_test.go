package letter

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/google/go-cmp/cmp"

	contract "liandong/docs/exchange"
	"liandong/internal/attachment"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
)

var update = flag.Bool("update", false, "write docs/exchange/examples anew")

const examplesDir = "../../docs/exchange/examples"

// counting is a random source that counts: the same TEST keys in every run.
type counting struct{ next byte }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c.next
		c.next++
	}
	return len(p), nil
}

// testParty is one side of the golden letters.
type testParty struct {
	keys   *seal.Keyring
	public seal.PublicKeys
}

func party(t testing.TB, platform, name string, random io.Reader) testParty {
	t.Helper()
	k, err := seal.NewKeyring(random)
	if err != nil {
		t.Fatal(err)
	}
	return testParty{keys: k, public: k.Public(platform, name)}
}

func parties(t testing.TB) map[string]testParty {
	return map[string]testParty{
		"12345": party(t, "12345", "测试市 12345 热线", &counting{}),
		"110":   party(t, "110", "测试市公安局 110", &counting{next: 128}),
		"119":   national(t),
	}
}

// national is a platform that signs by the national suite, and that has changed
// its other signing key once.
func national(t testing.TB) testParty {
	t.Helper()
	random := &counting{next: 64}
	k := party(t, "119", "", random).keys
	k, err := k.Renew(seal.Signing, at(7*24*60), random)
	if err == nil {
		k, err = k.WithSM2(random)
	}
	if err != nil {
		t.Fatal(err)
	}
	return testParty{keys: k, public: k.Public("119", "测试市消防救援 119")}
}

// questions are documents that are signed in a header, by who asks.
func questions() map[string]string {
	return map[string]string{
		"fetch-110": `{"from":"110","to":"12345","at":"2026-03-02T09:30:00+08:00"}`,
		"fetch-119": `{"from":"119","to":"12345","at":"2026-03-02T09:30:00+08:00"}`,
	}
}

func suited(p testParty) seal.KeyService {
	if len(p.public.SigningSM2) > 0 {
		return seal.Suited(p.keys, seal.SM2)
	}
	return p.keys
}

// signer signs by the national suite where a platform has it, as its link says.
func (p testParty) signer() func([]byte) (seal.Signature, error) {
	return Signer(suited(p))
}

const (
	legA  = "01k1testleg0000000000000a1" // 12345 → 110
	legB  = "01k1testleg0000000000000b1" // 110 → 12345
	legC  = "01k1testleg0000000000000c1" // 12345 → 110, later
	caseA = "01k1testcase00000000000a01" // at 12345
	caseB = "01k1testcase00000000000b01" // at 110
)

var zone = time.FixedZone("", 8*3600)

func at(minute int) time.Time {
	return time.Date(2026, 3, 2, 9, 30, 0, 0, zone).Add(time.Duration(minute) * time.Minute)
}

// sumOf is what two sides compare of entries: an id and a hash or state each.
func sumOf(lines ...string) string {
	all := ""
	for _, l := range lines {
		all += l + "\n"
	}
	return seal.Commit([]byte(all))
}

func ptr[T any](v T) *T { return &v }

// goldenHead is a head as it reads; its letter is an example of the form only.
const goldenHead = "liandong.log/1/110\n7\n" + "zD8jrxMBcByDry/gIIspjIV8XKJyXprtN/hUAEnpM9g=\nepoch 1\nat 2026-03-02T13:10:00.000000Z\n\n" +
	"— liandong.log/1/110 zkLCwvKOMGJ+RwoYHNsNfxZfJ7oFa2kOIDOrsgLhelamZPrGvIIfOx6PVbISGlqlD1J6dk6ZpqDiLd+lITkd8Jjo9AE=\n"

// goldenPart is the one part of the file that the examples tell of.
func goldenPart() leg.Private {
	return leg.Private{Data: base64.StdEncoding.EncodeToString([]byte("%PDF-1.7\n% 测试文件\n"))}
}

// goldenFile is that file; its hash is made of the commitment of its part.
func goldenFile() *leg.File {
	p := goldenPart()
	p.Salt = seal.Commit([]byte("TEST salt attachment"))
	_, commitment, err := Plain(p)
	if err != nil {
		panic(err) // it is written here
	}
	return &leg.File{ID: "01k1testfile00000000000f01", Hash: attachment.Hash([]string{commitment}), Size: 24, Media: "application/pdf"}
}

// golden is a letter of the published examples.
type golden struct {
	name    string
	letter  leg.Letter
	private leg.Private
	extra   string
}

// draft is the envelope of a golden letter.
func draft(n int, typ, from, legID string, number int64, minute int, body leg.Body) leg.Letter {
	to := map[string]string{"12345": "110", "110": "12345"}[from]
	id := "01k1testletter0000000000" + string(rune('0'+n/10)) + string(rune('0'+n%10))
	return leg.Letter{
		ID: id, Type: typ, Schema: leg.Schema, From: from, To: to, Link: "110~12345", Epoch: 1,
		Cases: map[string]string{"12345": caseA, "110": caseB}, Leg: legID, Number: number,
		SentAt: at(minute), Body: body,
	}
}

// goldens are one letter of each type at least, as two platforms would write
// them. All persons and numbers are invented.
func goldens() []golden {
	k, err := seal.NewKeyring(&counting{next: 128})
	if err != nil {
		panic(err) // counting never fails
	}
	doc110 := k.Public("110", "测试市公安局 110")
	hash := strings.Repeat("0123456789abcdef", 4)
	desk := func(b leg.Body) leg.Body { b.Unit, b.Person = "540102-desk12345", "李测试"; return b }
	officer := func(b leg.Body) leg.Body { b.Unit, b.Person = "540102-police", "王测试"; return b }

	offer := draft(1, "offer", "12345", legA, 1, 0, leg.Body{
		Role: leg.Lead, Kind: "help", Level: 3, Class: "B03", Item: "B03.01", Region: "540102", Catalogue: "xizang-2025.1",
		Channel: "phone", OccurredAt: ptr(at(-20)), CallbackBy: "12345", Consent: ptr(true), Language: "zh", Unit: "540102-desk12345", Person: "李测试",
		Dues: []leg.Due{{Clock: "sign_in", Due: at(30), Budget: "30m"}, {Clock: "handling", Due: at(5 * 24 * 60), Budget: "5wd"}},
	})
	offer.Cases = map[string]string{"12345": caseA}
	offer.Via = []string{"12345"}
	offer.ExpiresAt = ptr(at(24 * 60))

	urgent := draft(2, "offer", "12345", legC, 1, 2, leg.Body{
		Role: leg.Lead, Urgent: true, Kind: "help", Level: 1, UrgentClass: "C4", Class: "B06", Region: "540102", Catalogue: "xizang-2025.1",
		Channel: "phone", CallID: "call-000017", Spoken: true, SafeContact: "不要回拨，可发短信",
		Dues: []leg.Due{{Clock: "receipt", Due: at(3), Budget: "10s"}, {Clock: "sign_in", Due: at(3), Budget: "1m"}},
	})
	urgent.Cases = map[string]string{"12345": caseA}
	urgent.Via = []string{"12345"}

	rest := draft(3, "offer", "110", legB, 1, 60, leg.Body{
		Role: leg.Lead, Kind: "complaint", Level: 3, Class: "A01", FirstResponse: "D1", Region: "540102", Catalogue: "xizang-2025.1",
		Channel: "phone", ForLeg: legA, CallbackBy: "12345",
	})
	rest.Via = []string{"12345", "110"}

	unknown := draft(4, "offer", "110", "01k1testleg0000000000000d1", 1, 61, leg.Body{
		Role: leg.Joint, Class: "Z99 新类别", Region: "某地", Catalogue: "other-7", Channel: "drone", Unread: true,
	})
	unknown.Cases = map[string]string{"110": "01k1testcase00000000000b02"}

	bare := draft(5, "offer", "110", "01k1testleg0000000000000e1", 1, 62, leg.Body{Role: leg.Joint})

	adopted := draft(39, "offer", "12345", "01k1testleg0000000000000g1", 1, 80, leg.Body{
		Role: leg.Lead, Kind: "help", Level: 3, Class: "B03", Region: "540102",
		Adopt: []leg.Carried{{Verb: leg.Accept, At: at(20), How: "phone", Who: "王测试"}, {Verb: leg.Progress, At: at(40), How: "sheet", Who: "王测试"}},
	})
	adopted.Cases = map[string]string{"12345": caseA}
	adopted.Via = []string{"12345"}
	adopted.Requires = []string{"/body/adopt"}

	receipt := func(n int, from, re string, minute int, b leg.Body) leg.Letter {
		b.Re, b.Hash, b.At = re, hash, ptr(at(minute))
		return draft(n, "receipt", from, legA, 0, minute, b)
	}
	errorLetter := draft(8, "error", "110", legA, 0, 5, leg.Body{
		Re: offer.ID, Hash: hash, Code: "letter_schema", Field: "/body/role", Status: "dropped", At: ptr(at(5)),
	})
	unreadable := draft(9, "error", "110", "", 0, 6, leg.Body{Code: "letter_not_json", Status: "dropped"})
	unreadable.Cases = nil

	urge := draft(25, "urge", "12345", legA, 6, 300, desk(leg.Body{}))
	urge.ExpiresAt = ptr(at(600))
	head := draft(34, "head", "110", "", 0, 700, leg.Body{Head: goldenHead, From: 5, Path: []string{strings.Repeat("A", 43) + "="}, Seen: 9})
	head.Cases = nil
	national := func(n int, typ string, number int64, body leg.Body) leg.Letter {
		l := draft(n, typ, "12345", "01k1testleg0000000000000m1", number, 950+n, body)
		l.From, l.To, l.Link, l.Cases = "119", "12345", "119~12345", map[string]string{"119": "01k1testcase00000000000m01"}
		return l
	}
	long := strings.Repeat("测", 100) + strings.Repeat("😀", 100) // 200 characters, 300 units of UTF-16, 700 bytes
	held := sumOf(legA+" settled", legB+" settled")             // by the answering side; legC has a letter under way
	asked := []leg.Range{{List: leg.ListAsker, Count: 1, Hash: sumOf(offer.ID + " " + hash)}, {List: leg.ListAnswerer, Hash: sumOf()},
		{List: leg.ListLegs, After: "01k1testleg0000000000000a0", Until: legC, Count: 3, Hash: sumOf(legA+" working", legB+" settled", legC+" accepted")}}
	question := draft(42, "reconcile", "12345", "", 0, 900, leg.Body{Ranges: asked})
	answered := asked[2]
	answered.Count, answered.Hash, answered.Listed = 2, held, true
	answered.Entries = []leg.Entry{{ID: legA, State: "settled"}, {ID: legB, State: "settled"}, {ID: legC, State: "accepted", Moving: true}}
	reconciled := draft(43, "reconcile", "110", "", 0, 901, leg.Body{Re: question.ID, Ranges: []leg.Range{answered}})
	alike := draft(44, "reconcile", "110", "", 0, 902, leg.Body{Re: question.ID})
	alike.Cases = nil
	question.Cases, reconciled.Cases = nil, nil
	keys := draft(36, "keys", "110", "", 0, 720, leg.Body{Keys: string(doc110.Bytes()), Fingerprint: doc110.Fingerprint()})
	keys.Cases = nil
	consult := func(n int, typ, from string, number int64, minute int, b leg.Body) leg.Letter {
		l := draft(n, typ, from, "", number, minute, b)
		l.Consultation = "01k1testconsult00000000cs1"
		return l
	}
	opened := consult(42, "consult.open", "12345", 1, 900, desk(leg.Body{Cause: "dispute", Form: "written", Parties: []string{"unit:540102-urban", "platform:110"},
		Due: ptr(at(900 + 5*24*60)), Interim: "platform:12345", Class: "A01", Item: "A01.07", Region: "540102", Catalogue: "xizang-2025.1",
		Evidence: []map[string]string{{"12345": "01k1testcase00000000000a03", "110": "01k1testcase00000000000b03"}}}))
	least := consult(43, "consult.open", "110", 1, 901, leg.Body{Cause: "hand", Form: "meeting", Parties: []string{"platform:12345"}, Due: ptr(at(2000)),
		Interim: "platform:110", Confidential: true})
	least.Cases, least.Consultation = map[string]string{"110": "01k1testcase00000000000b04"}, "01k1testconsult00000000cs2"
	erasedWords := consult(49, "erase", "12345", 5, 3000, desk(leg.Body{Basis: "当事人申请"}))
	newer := draft(31, "progress", "110", legA, 9, 400, officer(leg.Body{}))
	newer.Schema = "1.7"

	return []golden{
		{name: "offer", letter: offer, private: leg.Private{
			Text: "我叫张测试，北京中路路口两车相撞，没有人受伤，堵住了。", CallerName: "张测试", CallerPhone: "13900000001",
			Address: "测试市城关区北京中路 0 号路口", Ask: "请派员处置交通事故。"}},
		{name: "offer-urgent", letter: urgent, private: leg.Private{
			Text: "楼里冒烟，有人困在三楼！", CallerPhone: "13900000002", Address: "测试市城关区某小区 0 栋", Ask: "请立即出警。"}},
		{name: "offer-rest-after-police", letter: rest, private: leg.Private{
			Text: "路灯杆被撞倒。", CallerPhone: "13900000001", PoliceAction: "现场已设警示，车辆已移离。", Ask: "请修复路灯杆。"}},
		{name: "offer-adopt", letter: adopted, private: leg.Private{
			Text: "北京中路路口两车相撞。", CallerPhone: "13900000001", Ask: "请派员处置。", Note: "03-02 09:50 王测试 民警已到现场。"}},
		{name: "offer-unknown-words", letter: unknown, private: leg.Private{Text: "听不清。"}},
		{name: "offer-least", letter: bare},
		{name: "offer-unknown-fields", letter: draft(6, "offer", "12345", "01k1testleg0000000000000f1", 1, 70, leg.Body{Role: leg.Lead}),
			extra: `{"body":{"weather":{"code":"rain","wind":4}},"x_ticket":"A-1"}`},
		{name: "canonical", letter: draft(90, "offer", "12345", "01k1testleg0000000000000k1", 1, 71, leg.Body{Role: leg.Lead}), extra: hard},
		{name: "receipt", letter: receipt(7, "110", offer.ID, 1, leg.Body{Status: leg.ReceiptApplied})},
		{name: "receipt-waiting", letter: receipt(10, "12345", "01k1testletter000000000099", 9, leg.Body{Status: leg.ReceiptWaiting, Late: true})},
		{name: "error", letter: errorLetter},
		{name: "error-unreadable", letter: unreadable},
		{name: "accept", letter: draft(11, "accept", "110", legA, 1, 10, officer(leg.Body{}))},
		{name: "accept-by-phone", letter: draft(12, "accept", "110", legC, 1, 3, officer(leg.Body{ByPhone: true}))},
		{name: "return", letter: draft(13, "return", "12345", legB, 1, 75, desk(leg.Body{
			Ground: leg.NotDuty, Basis: "《测试市城市照明管理办法》第六条", NextOwner: "市城市照明中心"})),
			private: leg.Private{Note: "该路段照明由市城市照明中心负责。"}},
		{name: "progress", letter: draft(14, "progress", "110", legA, 2, 20, officer(leg.Body{})), private: leg.Private{Note: "民警已到现场。"}},
		{name: "feedback", letter: draft(15, "feedback", "110", legA, 3, 55, officer(leg.Body{})), private: leg.Private{Result: "事故已处理，道路恢复通行。"}},
		{name: "feedback-rest", letter: draft(16, "feedback", "110", legC, 2, 90, officer(leg.Body{RestLeg: legB})), private: leg.Private{Result: "险情已排除，其余见后续办理环节。"}},
		{name: "settle", letter: draft(17, "settle", "12345", legA, 2, 100, desk(leg.Body{ReopenUntil: ptr(at(30 * 24 * 60))}))},
		{name: "reopen", letter: draft(18, "reopen", "12345", legA, 3, 120, desk(leg.Body{
			Dues: []leg.Due{{Clock: "handling", Due: at(5 * 24 * 60), Budget: "5wd"}}})), private: leg.Private{Note: "来电人表示未解决。"}},
		{name: "grant-withdrawal", letter: draft(19, "grant", "110", legC, 3, 130, officer(leg.Body{Of: leg.Withdraw}))},
		{name: "grant-extension", letter: draft(20, "grant", "12345", legA, 4, 140, desk(leg.Body{Of: leg.Extend, Due: ptr(at(7 * 24 * 60))}))},
		{name: "refuse", letter: draft(21, "refuse", "110", legC, 4, 150, officer(leg.Body{Of: leg.Withdraw})), private: leg.Private{Note: "民警已出发。"}},
		{name: "withdraw", letter: draft(22, "withdraw", "12345", legC, 2, 145, desk(leg.Body{})), private: leg.Private{Note: "来电人称误报。"}},
		{name: "extend", letter: draft(23, "extend", "110", legA, 4, 135, officer(leg.Body{Due: ptr(at(7 * 24 * 60))})), private: leg.Private{Note: "需鉴定。"}},
		{name: "extend-suspension", letter: draft(41, "extend", "110", legA, 7, 136, officer(leg.Body{Due: ptr(at(8 * 24 * 60)),
			Suspension: &leg.Suspension{ID: "01k1testask00000000000000s", Ground: "weather", From: at(136), To: at(4*24*60 - 570)}})),
			private: leg.Private{Note: "申请中止时限：自然条件所限，至 2026-03-06 00:00（北京时间）。大雪封山。"}},
		{name: "urge", letter: urge},
		{name: "supplement", letter: draft(26, "supplement", "12345", legA, 7, 310, desk(leg.Body{Level: 2})), private: leg.Private{Text: "来电人补充：有人轻伤。"}},
		{name: "call", letter: draft(27, "call", "12345", legC, 3, 4, desk(leg.Body{
			CallID: "call-000018", Parties: []string{"caller", "12345", "110"}, Kind: "three_way", Outcome: "taken_by_110", Consent: ptr(true), At: ptr(at(4))}))},
		{name: "callback", letter: draft(28, "callback", "12345", legA, 8, 500, desk(leg.Body{
			Solved: ptr(true), Satisfaction: 2, Scale: 5, Mapped: 1, At: ptr(at(500))}))},
		{name: "callback-nobody", letter: draft(29, "callback", "12345", legA, 9, 510, desk(leg.Body{Outcome: "caller_no_reply"}))},
		{name: "contest", letter: draft(30, "contest", "110", legB, 2, 80, officer(leg.Body{})), private: leg.Private{Note: "按清单属贵方职责。"}},
		{name: "escalate", letter: draft(32, "escalate", "12345", legB, 2, 85, desk(leg.Body{UrgentClass: "C4", Level: 1, RestLeg: legC})), private: leg.Private{Note: "电线裸露，有人触电。"}},
		{name: "void", letter: draft(33, "void", "12345", legA, 10, 600, leg.Body{Re: "01k1testletter000000000098", Hash: hash})},
		{name: "head", letter: head},
		{name: "keys", letter: keys},
		{name: "reconcile", letter: question},
		{name: "reconcile-answer", letter: reconciled},
		{name: "reconcile-alike", letter: alike},
		{name: "erase", letter: draft(35, "erase", "12345", legA, 11, 800, desk(leg.Body{Basis: "当事人申请"}))},
		{name: "newer-minor-version", letter: newer, extra: `{"body":{"progress_code":"on_site"}}`},
		{name: "supplement-file", letter: draft(36, "supplement", "110", legA, 6, 320, officer(leg.Body{Attachment: goldenFile()})),
			private: leg.Private{Name: "测试文件.pdf", Note: "附件：文件，1 KB"}},
		{name: "supplement-suspension", letter: draft(40, "supplement", "12345", legA, 13, 330, desk(leg.Body{Due: ptr(at(8 * 24 * 60)),
			Suspension: &leg.Suspension{ID: "01k1testentry0000000000s01", Ground: "weather", From: at(24*60 - 570), To: at(4*24*60 - 570)}})),
			private: leg.Private{Note: "时限中止：自然条件所限，2026-03-03 00:00 至 2026-03-06 00:00，反馈期限改为 2026-03-10 09:30。大雪封山。"}},
		{name: "sm2", letter: national(50, "offer", 1, leg.Body{Role: leg.Lead, Kind: "help", Level: 3, Person: "测试指挥员"}), private: leg.Private{Text: "测试路一处配电箱冒烟，已断电。", CallerName: "张测试"}},
		{name: "sm2-least", letter: national(51, "urge", 2, leg.Body{})},
		{name: "depth-16", letter: draft(52, "offer", "12345", "01k1testleg0000000000000n1", 1, 72, leg.Body{Role: leg.Lead}),
			extra: `{"body":{"x_deep":` + strings.Repeat("[", 14) + strings.Repeat("]", 14) + `}}`},
		{name: "long-lines", letter: draft(53, "progress", "110", legA, 14, 401, leg.Body{Unit: "540102-police", Person: long}), private: leg.Private{Name: long, Note: strings.Repeat(long, 20)}},
		{name: "attachment", letter: draft(37, "attachment", "110", legA, 0, 321, leg.Body{Attachment: goldenFile(), Part: 1}), private: goldenPart()},
		{name: "consult-open", letter: opened, private: leg.Private{Note: "路面井盖松动由谁处置：已两次退回。"}},
		{name: "consult-open-least", letter: least, private: leg.Private{Note: "请派员到会。"}},
		{name: "consult-say", letter: consult(44, "consult.say", "110", 1, 960, officer(leg.Body{Party: "platform:110"})),
			private: leg.Private{Note: "民警只作现场警示，修复不属警务。"}},
		{name: "consult-say-of-another", letter: consult(45, "consult.say", "12345", 2, 970, desk(leg.Body{Party: "unit:540102-urban"})),
			private: leg.Private{Note: "井盖产权属市政，由我单位修复。"}},
		{name: "consult-rule", letter: consult(46, "consult.rule", "12345", 3, 2000, desk(leg.Body{Owner: "unit:540102-urban", Basis: "《测试市市政设施管理办法》第三条",
			RulesFrom: ptr(at(24*60 - 570))})), private: leg.Private{Note: "路面井盖由市政部门修复；民警先行警示。"}},
		{name: "consult-rule-class", letter: consult(47, "consult.rule", "12345", 4, 2010, desk(leg.Body{Owner: "platform:110", Basis: "《测试市职责清单》第一条",
			RulesFrom: ptr(at(24*60 - 570)), Class: "B05"})), private: leg.Private{Note: "归公安机关。"}},
		{name: "consult-close", letter: consult(48, "consult.close", "12345", 4, 2020, desk(leg.Body{})), private: leg.Private{Note: "双方已协商一致。"}},
		{name: "erase-consultation", letter: erasedWords},
	}
}

// compose makes the wire of a golden letter. The salt is fixed.
func (g golden) compose(t testing.TB, all map[string]testParty, key seal.CaseKey) []byte {
	t.Helper()
	l := g.letter
	var sealed *Sealed
	plain := g.plain(t)
	if plain != nil {
		l.Commitment = seal.Commit(plain)
	}
	content, _, err := ContentWith(l, []byte(g.extra))
	if err != nil {
		t.Fatalf("%s: %v", g.name, err)
	}
	if plain != nil {
		if sealed, err = Wrap(l, SealPrivate(key, l.ID, plain), key, all[l.To].public); err != nil {
			t.Fatal(err)
		}
	}
	wire, err := Compose(content, sealed, all[l.From].signer())
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

func (g golden) plain(t testing.TB) []byte {
	t.Helper()
	p := g.private
	if p.Empty() {
		return nil
	}
	p.Salt = seal.Commit([]byte("TEST salt " + g.name))
	plain, _, err := Plain(p)
	if err != nil {
		t.Fatalf("%s: %v", g.name, err)
	}
	return plain
}

// full is everything that a receiver checks of the letter itself.
func full(wire []byte, all map[string]testParty) (Envelope, leg.Private, error) {
	e, err := Parse(wire)
	if err != nil {
		return e, leg.Private{}, err
	}
	if err := e.Verify(all[e.From].public); err != nil {
		return e, leg.Private{}, err
	}
	p, _, err := Open(all[e.To].keys, e)
	return e, p, err
}

// hard are fields that a reader does not know, and on whose canonical form (RFC
// 8785) programs differ: what stands escaped and what does not, names sorted by
// UTF-16, whole numbers at their ends.
const hard = "{\"x_escapes\":\"<a href=\\\"x\\\">&\\\\/\u007f\u2028é\\u0001\\n\",\"x_numbers\":[0,-9007199254740991,9007199254740991]," +
	"\"x_order\":{\"a\":2,\"€\":1,\"𝄞\":3,\"\ue000\":4}}"

func TestValidExamples(t *testing.T) {
	all := parties(t)
	if *update {
		writeExamples(t, all)
		return
	}
	files := contract.Valid()
	types := map[string]bool{}
	for _, g := range goldens() {
		wire, ok := files[g.name]
		if !ok {
			t.Errorf("%s: no such example; run the test with -update", g.name)
			continue
		}
		delete(files, g.name)
		types[g.letter.Type] = true
		e, private, err := full(wire, all)
		if err != nil {
			t.Errorf("%s: %v", g.name, err)
			continue
		}

		want := g.letter
		wantPrivate := g.private
		if plain := g.plain(t); plain != nil {
			want.Commitment = seal.Commit(plain)
			wantPrivate.Salt = private.Salt
		}
		if diff := cmp.Diff(want, e.Letter); diff != "" {
			t.Errorf("%s: letter (-want +got):\n%s", g.name, diff)
		}
		if private != wantPrivate {
			t.Errorf("%s: the personal part is not what was sealed", g.name)
		}
		if got := string(e.Extra()); got != g.extra {
			t.Errorf("%s: got unknown fields %s, want %s", g.name, got, g.extra)
		}
		content, hash, err := ContentWith(e.Letter, e.Extra())
		if err != nil || hash != e.Hash() || !bytes.Equal(content, e.Content()) {
			t.Errorf("%s: composed again the content is (%v)\n%s, want\n%s", g.name, err, content, e.Content())
			continue
		}
		if e.Sig.Alg == seal.SM2 { // each signature of it is another
			continue
		}
		again, err := Compose(content, e.Sealed, Signer(all[e.From].keys))
		if err != nil {
			t.Errorf("%s: %v", g.name, err)
			continue
		}
		if diff := cmp.Diff(string(wire), string(pretty(t, again))); diff != "" {
			t.Errorf("%s: composed again (-want +got):\n%s", g.name, diff)
		}
	}
	for name := range files {
		t.Errorf("%s: an example that nothing makes", name)
	}
	for _, typ := range contract.Types() {
		if !types[typ] {
			t.Errorf("no example of type %s", typ)
		}
	}
	for platform, p := range all {
		if diff := cmp.Diff(string(p.keys.Bytes()), string(contract.TestKeys()[platform])); diff != "" {
			t.Errorf("published test keys of %s (-want +got):\n%s", platform, diff)
		}
	}
}

func TestInvalidExamples(t *testing.T) {
	if *update {
		t.Log("written by TestValidExamples")
		return
	}
	all := parties(t)
	files := contract.Invalid()
	for _, b := range broken(t, all, seal.NewCaseKey()) {
		f, ok := files[b.name]
		if !ok {
			t.Errorf("%s: no such example; run the test with -update", b.name)
			continue
		}
		delete(files, b.name)
		if f.Code != b.code || f.Field != b.field {
			t.Errorf("%s: published as %s %s, want %s %s", b.name, f.Code, f.Field, b.code, b.field)
		}
		for source, wire := range map[string][]byte{"published": f.Wire, "made now": b.wire} {
			_, _, err := full(wire, all)
			e, ok := err.(*hotline.Error)
			if !ok || e.Kind != hotline.Invalid || e.Code != b.code || e.Field != b.field {
				t.Errorf("%s, %s: got %v, want %s (%s)", b.name, source, err, b.code, b.field)
			}
		}
	}
	for name := range files {
		t.Errorf("%s: an example that nothing makes", name)
	}
}

// refused is a letter that must be refused.
type refused struct {
	name, code, field string
	wire              []byte
}

// broken takes good letters and spoils one thing in each. Unless the thing is
// the signature itself the letter is signed as it then stands, so that nothing
// else is wrong with it.
func broken(t testing.TB, all map[string]testParty, key seal.CaseKey) []refused {
	byName := map[string]golden{}
	for _, g := range goldens() {
		byName[g.name] = g
	}
	good := func(name string) []byte { return byName[name].compose(t, all, key) }
	var out []refused
	add := func(name, code, field string, wire []byte) {
		out = append(out, refused{name: name, code: code, field: field, wire: wire})
	}
	// edit spoils the document as a tree and signs it again.
	edit := func(name, code, field, from string, change func(doc, body map[string]any)) {
		doc := tree(t, good(from))
		body, _ := doc["body"].(map[string]any)
		change(doc, body)
		add(name, code, field, sign(t, doc, all["12345"], all["110"]))
	}
	// spoil changes the text of the document after it was signed.
	spoil := func(name, code, field, from, old, new string) {
		wire := string(good(from))
		if !strings.Contains(wire, old) {
			t.Fatalf("%s: %q is not in %s", name, old, from)
		}
		add(name, code, field, []byte(strings.Replace(wire, old, new, 1)))
	}
	set := func(k string, v any) func(doc, body map[string]any) {
		return func(doc, _ map[string]any) { doc[k] = v }
	}
	unset := func(k string) func(doc, body map[string]any) {
		return func(doc, _ map[string]any) { delete(doc, k) }
	}
	setBody := func(k string, v any) func(doc, body map[string]any) {
		return func(_, body map[string]any) { body[k] = v }
	}
	unsetBody := func(k string) func(doc, body map[string]any) {
		return func(_, body map[string]any) { delete(body, k) }
	}

	// Not the JSON that every reader reads alike.
	wire := good("accept")
	add("json-empty", CodeNotJSON, "", []byte(" "))
	add("json-cut", CodeNotJSON, "/body/person", wire[:20])
	add("json-two-documents", CodeNotJSON, "", append(bytes.Clone(wire), "{}"...))
	add("json-array", CodeSchema, "", []byte(`["a letter is an object"]`))
	spoil("json-name-twice", CodeNotJSON, "/to", "accept", `"to":"12345"`, `"to":"12345","to":"119"`)
	spoil("json-name-twice-escaped", CodeNotJSON, "/to", "accept", `"to":"12345"`, `"to":"12345","\u0074o":"119"`)
	spoil("json-not-utf8", CodeNotJSON, "/body/person", "accept", "王", "\xcd\xf5")
	spoil("json-half-surrogate", CodeNotJSON, "/body/person", "accept", "王", `\ud83d`)
	spoil("json-deep", CodeDepth, "", "accept", `"body":{`, `"body":{"x":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`,`)
	spoil("depth-17", CodeDepth, "", "accept", `"body":{`, `"body":{"x":`+strings.Repeat("[", 15)+strings.Repeat("]", 15)+`,`)
	spoil("number-fraction", CodeNumber, "/body/level", "offer", `"level":3`, `"level":3.5`)
	spoil("number-written-as-fraction", CodeNumber, "/body/level", "offer", `"level":3`, `"level":3.0`)
	spoil("number-exponent", CodeNumber, "/epoch", "accept", `"epoch":1`, `"epoch":1e0`)
	spoil("number-large", CodeNumber, "/epoch", "accept", `"epoch":1`, `"epoch":9007199254740992`)

	// The envelope.
	edit("version-major", CodeVersion, "/schema", "accept", set("schema", "2.0"))
	edit("version-form", CodeSchema, "/schema", "accept", set("schema", "1"))
	edit("version-missing", CodeSchema, "/schema", "accept", unset("schema"))
	edit("type-unknown", CodeType, "/type", "accept", set("type", "ponder"))
	edit("type-not-text", CodeSchema, "/type", "accept", set("type", 7))
	edit("type-missing", CodeSchema, "/type", "accept", unset("type"))
	edit("requires-unknown", CodeRequires, "/requires/1", "accept", set("requires", []any{"/leg", "/body/hazard_map"}))
	edit("requires-of-another-type", CodeRequires, "/requires/0", "accept", set("requires", []any{"/body/reopen_until"}))
	edit("requires-not-list", CodeSchema, "/requires", "accept", set("requires", "/leg"))
	for _, name := range []string{"id", "from", "to", "link", "epoch", "sent_at", "body", "leg", "number"} {
		edit("missing-"+name, CodeSchema, "/"+name, "accept", unset(name))
	}
	edit("id-with-space", CodeSchema, "/id", "accept", set("id", "a b"))
	edit("id-long", CodeSchema, "/id", "accept", set("id", strings.Repeat("a", 65)))
	edit("from-is-to", CodeSchema, "/to", "accept", set("to", "110"))
	edit("epoch-zero", CodeSchema, "/epoch", "accept", set("epoch", 0))
	edit("number-zero", CodeSchema, "/number", "accept", set("number", 0))
	edit("number-text", CodeSchema, "/number", "accept", set("number", "1"))
	edit("number-on-receipt", CodeSchema, "/number", "receipt", set("number", 1))
	edit("number-on-error", CodeSchema, "/number", "error", set("number", 1))
	edit("null-instead-of-absent", CodeSchema, "/expires_at", "accept", set("expires_at", nil))
	edit("cases-not-ids", CodeSchema, "/cases/110", "accept", set("cases", map[string]any{"110": "张测试"}))
	edit("via-long", CodeSchema, "/via", "offer", set("via", slices.Repeat([]any{"12345"}, 17)))
	edit("time-without-zone", CodeSchema, "/sent_at", "accept", set("sent_at", "2026-03-02T09:30:00"))
	edit("time-nanoseconds", CodeSchema, "/sent_at", "accept", set("sent_at", "2026-03-02T09:30:00.123456789Z"))
	edit("time-impossible", CodeSchema, "/sent_at", "accept", set("sent_at", "2026-02-30T09:30:00Z"))
	edit("body-list", CodeSchema, "/body", "accept", set("body", []any{}))
	edit("text-control-character", CodeSchema, "/body/person", "accept", setBody("person", "王\a测试"))

	// The bodies.
	edit("offer-role", CodeSchema, "/body/role", "offer", setBody("role", "boss"))
	edit("offer-no-role", CodeSchema, "/body/role", "offer", unsetBody("role"))
	edit("offer-no-case", CodeSchema, "/cases", "offer", unset("cases"))
	edit("offer-cases-empty", CodeSchema, "/cases", "offer", set("cases", map[string]any{}))
	edit("offer-level", CodeSchema, "/body/level", "offer", setBody("level", 5))
	edit("offer-urgent-text", CodeSchema, "/body/urgent", "offer-urgent", setBody("urgent", "yes"))
	edit("offer-due-without-clock", CodeSchema, "/body/dues/0/clock", "offer", setBody("dues", []any{map[string]any{"due": "2026-03-02T10:00:00+08:00"}}))
	edit("offer-adopt-verb", CodeSchema, "/body/adopt/0/verb", "offer-adopt", setBody("adopt", []any{map[string]any{"verb": "settle", "at": "2026-03-02T10:00:00+08:00"}}))
	edit("offer-adopt-nothing", CodeSchema, "/body/adopt", "offer-adopt", setBody("adopt", []any{}))
	edit("receipt-status", CodeSchema, "/body/status", "receipt", setBody("status", "read"))
	edit("receipt-hash-upper-case", CodeSchema, "/body/hash", "receipt", setBody("hash", strings.Repeat("AB", 32)))
	edit("receipt-of-nothing", CodeSchema, "/body/re", "receipt", unsetBody("re"))
	edit("error-no-code", CodeSchema, "/body/code", "error", unsetBody("code"))
	edit("return-no-ground", CodeSchema, "/body/ground", "return", unsetBody("ground"))
	edit("return-no-basis", CodeSchema, "/body/basis", "return", unsetBody("basis"))
	edit("return-basis-empty", CodeSchema, "/body/basis", "return", setBody("basis", ""))
	edit("feedback-without-result", CodeSchema, "/commitment", "feedback", func(doc, _ map[string]any) {
		delete(doc, "commitment")
		delete(doc, "sealed")
	})
	edit("settle-no-reopen-until", CodeSchema, "/body/reopen_until", "settle", unsetBody("reopen_until"))
	edit("grant-of-what", CodeSchema, "/body/of", "grant-withdrawal", unsetBody("of"))
	edit("grant-of-return", CodeSchema, "/body/of", "grant-withdrawal", setBody("of", "return"))
	edit("grant-extension-no-due", CodeSchema, "/body/due", "grant-extension", unsetBody("due"))
	edit("refuse-of-what", CodeSchema, "/body/of", "refuse", unsetBody("of"))
	edit("extend-no-due", CodeSchema, "/body/due", "extend", unsetBody("due"))
	edit("call-nobody", CodeSchema, "/body/parties", "call", setBody("parties", []any{}))
	edit("call-no-outcome", CodeSchema, "/body/outcome", "call", unsetBody("outcome"))
	edit("reopen-due-without-time", CodeSchema, "/body/dues/0/due", "reopen", setBody("dues", []any{map[string]any{"clock": "handling"}}))
	edit("withdraw-no-leg", CodeSchema, "/leg", "withdraw", unset("leg"))
	edit("urge-no-number", CodeSchema, "/number", "urge", unset("number"))
	edit("supplement-level", CodeSchema, "/body/level", "supplement", setBody("level", 9))
	edit("contest-person-in-two-lines", CodeSchema, "/body/person", "contest", setBody("person", "王\n测试"))
	edit("escalate-no-leg-named", CodeSchema, "/body/rest_leg", "escalate", setBody("rest_leg", ""))
	edit("head-of-nothing", CodeSchema, "/body/head", "head", unsetBody("head"))
	edit("keys-no-document", CodeSchema, "/body/keys", "keys", unsetBody("keys"))
	edit("erase-no-ground", CodeSchema, "/body/basis", "erase", unsetBody("basis"))
	edit("callback-says-nothing", CodeSchema, "/body", "callback-nobody", unsetBody("outcome"))
	edit("callback-off-the-scale", CodeSchema, "/body/satisfaction", "callback", func(_, body map[string]any) {
		body["scale"], body["satisfaction"] = 3, 4
	})
	edit("callback-scale", CodeSchema, "/body/scale", "callback", setBody("scale", 4))
	edit("callback-no-scale", CodeSchema, "/body/scale", "callback", unsetBody("scale"))
	edit("void-of-nothing", CodeSchema, "/body/re", "void", unsetBody("re"))

	// The signature.
	spoil("signature-content-changed", CodeSignature, "/sig/value", "accept", "王测试", "王改写")
	spoil("signature-added-field", CodeSignature, "/sig/value", "accept", `"body":{`, `"body":{"by_phone":true,`)
	spoil("signature-commitment-changed", CodeSignature, "/sig/value", "feedback", `"commitment":"`, `"commitment":"`+strings.Repeat("0", 64)+`","was":"`)
	doc := tree(t, good("accept"))
	add("signature-of-another", CodeSignature, "/sig/kid", signAs(t, doc, all["12345"]))
	doc = tree(t, signAs(t, doc, all["12345"]))
	doc["sig"].(map[string]any)["kid"] = all["110"].public.Signing[0].ID
	add("signature-under-a-false-name", CodeSignature, "/sig/value", marshal(t, doc))
	doc = tree(t, good("accept"))
	delete(doc, "sig")
	add("signature-missing", CodeSchema, "/sig", marshal(t, doc))
	doc = tree(t, good("accept"))
	doc["sig"].(map[string]any)["value"] = "not base64!"
	add("signature-not-base64", CodeSchema, "/sig/value", marshal(t, doc))
	doc = tree(t, good("accept"))
	doc["sig"].(map[string]any)["alg"] = "none"
	add("signature-alg-none", CodeSignature, "/sig/kid", marshal(t, doc))

	// What a schema's words do not say by themselves: base64 is whole, has its
	// padding and nothing behind it; lengths count characters.
	for _, c := range []struct{ name, value string }{
		{"base64-no-padding", strings.Repeat("A", 86)}, {"base64-for-addresses", strings.Repeat("_", 86) + "=="}, {"base64-in-lines", strings.Repeat("A", 64) + "\n" + strings.Repeat("A", 22) + "=="},
	} {
		doc := tree(t, good("accept"))
		doc["sig"].(map[string]any)["value"] = c.value
		add(c.name, CodeSchema, "/sig/value", marshal(t, doc))
	}
	edit("person-long", CodeSchema, "/body/person", "accept", setBody("person", strings.Repeat("测", 100)+strings.Repeat("😀", 101)))

	// The sealed part.
	edit("sealed-without-commitment", CodeSchema, "/commitment", "progress", unset("commitment"))
	edit("sealed-cut-away", CodeSealed, "/sealed", "progress", unset("sealed"))
	edit("sealed-for-nobody", CodeSealed, "/sealed/keys", "progress", func(doc, _ map[string]any) {
		doc["sealed"].(map[string]any)["keys"] = []any{}
	})
	edit("sealed-of-another-letter", CodeSealed, "/sealed/keys", "progress", func(doc, _ map[string]any) {
		doc["sealed"] = tree(t, good("feedback"))["sealed"]
	})
	edit("sealed-damaged", CodeSealed, "/sealed/ciphertext", "progress", func(doc, _ map[string]any) {
		s := doc["sealed"].(map[string]any)
		c := s["ciphertext"].(string)
		last := "A"
		if c[60] == 'A' {
			last = "B"
		}
		s["ciphertext"] = c[:60] + last + c[61:]
	})
	edit("sealed-other-words", CodeCommitment, "/commitment", "progress", set("commitment", strings.Repeat("ab", 32)))
	for _, p := range []struct{ name, field, plain string }{
		{"private-no-salt", "/salt", `{"note":"没有盐"}`},
		{"private-note-number", "/note", `{"note":7,"salt":"` + strings.Repeat("ab", 32) + `"}`},
		{"private-control-character", "/note", `{"note":"\u0007","salt":"` + strings.Repeat("ab", 32) + `"}`},
		{"private-long", "/caller_name", `{"caller_name":"` + strings.Repeat("测", 201) + `","salt":"` + strings.Repeat("ab", 32) + `"}`},
		{"private-not-json", "", `note`},
		{"private-list", "", `[]`},
	} {
		l := byName["progress"].letter
		l.Commitment = seal.Commit([]byte(p.plain))
		content, _, err := Content(l)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := Wrap(l, SealPrivate(key, l.ID, []byte(p.plain)), key, all[l.To].public)
		if err != nil {
			t.Fatal(err)
		}
		wire, err := Compose(content, sealed, Signer(all[l.From].keys))
		if err != nil {
			t.Fatal(err)
		}
		add(p.name, CodePrivate, p.field, wire)
	}

	// Files.
	edit("attachment-numbered", CodeSchema, "/number", "attachment", set("number", 7))
	edit("attachment-no-part", CodeSchema, "/body/part", "attachment", unsetBody("part"))
	edit("attachment-part-past-the-end", CodeSchema, "/body/part", "attachment", setBody("part", 81))
	edit("attachment-without-content", CodeSchema, "/commitment", "attachment", func(doc, _ map[string]any) {
		delete(doc, "commitment")
		delete(doc, "sealed")
	})
	edit("attachment-too-large", CodeSchema, "/body/attachment/size", "attachment", func(_, body map[string]any) {
		body["attachment"].(map[string]any)["size"] = 20<<20 + 1
	})
	edit("attachment-media", CodeSchema, "/body/attachment/media", "attachment", func(_, body map[string]any) {
		body["attachment"].(map[string]any)["media"] = "PDF"
	})
	edit("supplement-suspension-no-due", CodeSchema, "/body/due", "supplement-suspension", func(_, body map[string]any) {
		delete(body, "due")
	})
	edit("supplement-suspension-no-end", CodeSchema, "/body/suspension/to", "supplement-suspension", func(_, body map[string]any) {
		delete(body["suspension"].(map[string]any), "to")
	})
	edit("reconcile-asks-nothing", CodeSchema, "/body/ranges", "reconcile", unsetBody("ranges"))
	edit("reconcile-numbered", CodeSchema, "/number", "reconcile", set("number", 3))
	edit("reconcile-of-what", CodeSchema, "/body/ranges/0/list", "reconcile", func(_, body map[string]any) {
		body["ranges"].([]any)[0].(map[string]any)["list"] = "everything"
	})
	edit("reconcile-no-hash", CodeSchema, "/body/ranges/1/hash", "reconcile", func(_, body map[string]any) {
		delete(body["ranges"].([]any)[1].(map[string]any), "hash")
	})
	edit("supplement-file-no-hash", CodeSchema, "/body/attachment/hash", "supplement-file", func(_, body map[string]any) {
		delete(body["attachment"].(map[string]any), "hash")
	})

	// Consultations.
	edit("consult-open-no-deadline", CodeSchema, "/body/due", "consult-open", unsetBody("due"))
	edit("consult-open-nobody", CodeSchema, "/body/parties", "consult-open", setBody("parties", []any{}))
	edit("consult-open-no-interim", CodeSchema, "/body/interim", "consult-open", unsetBody("interim"))
	edit("consult-open-no-case", CodeSchema, "/cases", "consult-open", unset("cases"))
	edit("consult-open-no-question", CodeSchema, "/commitment", "consult-open", func(doc, _ map[string]any) {
		delete(doc, "commitment")
		delete(doc, "sealed")
	})
	edit("consult-open-evidence", CodeSchema, "/body/evidence/0/110", "consult-open", setBody("evidence", []any{map[string]any{"110": "张测试"}}))
	edit("consult-say-nobody", CodeSchema, "/body/party", "consult-say", unsetBody("party"))
	edit("consult-say-no-consultation", CodeSchema, "/consultation", "consult-say", unset("consultation"))
	edit("consult-say-about-a-leg", CodeSchema, "/leg", "consult-say", set("leg", legA))
	edit("consult-rule-no-owner", CodeSchema, "/body/owner", "consult-rule", unsetBody("owner"))
	edit("consult-rule-no-basis", CodeSchema, "/body/basis", "consult-rule", unsetBody("basis"))
	edit("consult-rule-no-day", CodeSchema, "/body/rules_from", "consult-rule", unsetBody("rules_from"))
	edit("consult-close-no-number", CodeSchema, "/number", "consult-close", unset("number"))
	edit("erase-of-nothing", CodeSchema, "", "erase", unset("leg"))
	edit("void-in-nothing", CodeSchema, "", "void", unset("leg"))
	return out
}

func tree(t testing.TB, wire []byte) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(wire, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func marshal(t testing.TB, doc any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// sign signs a document as it stands, as the platform it names.
func sign(t testing.TB, doc map[string]any, a, b testParty) []byte {
	t.Helper()
	if doc["from"] == b.public.Platform {
		a = b
	}
	return signAs(t, doc, a)
}

func signAs(t testing.TB, doc map[string]any, p testParty) []byte {
	t.Helper()
	content := maps.Clone(doc)
	delete(content, "sig")
	delete(content, "sealed")
	canonical, err := seal.Canonical(marshal(t, content))
	if err != nil {
		t.Fatal(err)
	}
	var sealed *Sealed
	if s, ok := doc["sealed"]; ok {
		if err := json.Unmarshal(marshal(t, s), &sealed); err != nil {
			t.Fatal(err)
		}
	}
	wire, err := Compose(canonical, sealed, Signer(p.keys))
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

func pretty(t testing.TB, wire []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, wire, "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

// writeExamples writes every example. With the same Go the same bytes come out.
func writeExamples(t *testing.T, all map[string]testParty) {
	cryptotest.SetGlobalRandom(t, 12345)
	files := map[string][]byte{}
	write := func(dir, name string, b []byte) { files[filepath.Join(dir, name)] = b }
	for platform, p := range all {
		write("keys", platform+".keyring.json", p.keys.Bytes())
		write("keys", platform+".public.json", p.public.Bytes())
	}
	key := seal.NewCaseKey()
	for _, g := range goldens() {
		wire := g.compose(t, all, key)
		write("valid", g.name+".json", pretty(t, wire))
		p, err := split(wire)
		if err != nil {
			t.Fatal(err)
		}
		write("valid", g.name+".canonical", p.content)
	}
	for _, b := range broken(t, all, key) {
		write("invalid", b.name+".json", b.wire)
		write("invalid", b.name+".error", []byte(strings.TrimSpace(b.code+" "+b.field)+"\n"))
	}
	for name, doc := range questions() {
		from := strings.TrimPrefix(name, "fetch-")
		sig, err := seal.SignContent(suited(all[from]), "liandong digest v1\n", []byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		write("signed", name+".json", []byte(doc))
		write("signed", name+".signature", []byte(base64.StdEncoding.EncodeToString(marshal(t, sig))))
	}
	for _, dir := range []string{"valid", "invalid", "keys", "signed"} {
		old, err := filepath.Glob(filepath.Join(examplesDir, dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range old {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(examplesDir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
