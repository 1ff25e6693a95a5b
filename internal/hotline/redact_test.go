package hotline

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestRedact(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		// Phones.
		{"13900000001", "***********"},
		{"电话13900000001，请回电", "电话***********，请回电"},
		{"139 0000 0001", "***********"},
		{"139-0000-0001", "***********"},
		{"139－0000－0001", "***********"},
		{"139—0000—0001", "***********"},
		{"139.0000.0001", "***********"},
		{"139·0000·0001", "***********"},
		{"139　0000　0001", "***********"},
		{"139\u00a00000\u00a00001", "***********"},
		{"139 - 0000 - 0001", "***********"},
		{"139 110 12345", "***********"},
		{"1 3 9 0 0 0 0 0 0 0 1", "***********"},
		{"139\u200b0000\u200b0001", "***********"},
		{"12\u200b34\u200b567", "*******"},
		{"１３９００００００１１", "***********"},
		{"１３９ ０００００００１", "***********"},
		{"139０0000001", "***********"},
		{"+8613900000001", "+*************"},
		{"+86 139-0000-0001", "+*************"},
		{"0891-6330000", "***********"},
		{"(0891)6330000", "(0891)*******"},
		{"（0891）633-0000", "（0891）*******"},
		{"座机6330000", "座机*******"},
		{"座机633-0000", "座机*******"},
		{"400-000-0001", "**********"},
		{"一三九零零零零零零零一", "***********"},
		{"幺三九〇〇〇〇〇〇〇幺", "***********"},
		{"༡༣༩༠༠༠༠༠༠༠༡", "***********"},
		{"ང་ཡི་ཁ་པར་ 13900000001 ཡིན།", "ང་ཡི་ཁ་པར་ *********** ཡིན།"},
		{"13900000001再打13900000002", "***********再打***********"},
		{"13900000001、13900000002/13900000003", "***********、***********/***********"},
		{"13900000001\n13900000002", "***********\n***********"},
		{"我13900000001，身份证540102199001010012，家里0891-6330000", "我***********，身份证******************，家里***********"},

		// Identity, card and other numbers.
		{"540102199001010012", "******************"},
		{"54010219900101001X", "******************"},
		{"54010219900101001x。", "******************。"},
		{"54010219900101001Ｘ", "******************"},
		{"540102 19900101 001X", "******************"},
		{"540102900101001", "***************"},
		{"6222000000000000001", "*******************"},
		{"6222 0000 0000 0000 001", "*******************"},
		{"QQ1234567", "QQ*******"},
		{"护照E12345678", "护照E********"},

		// E-mail.
		{"test@example.com", "***@***"},
		{"邮箱test.a+b@example.com，谢谢", "邮箱***@***，谢谢"},
		{"13900000001@example.com", "***@***"},
		{"a@b.cn和c@d.cn", "***@***和***@***"},
		{"test＠example.com", "***@***"},
		{"@测试", "@测试"},
		{"单价@", "单价@"},

		// What stays.
		{"", ""},
		{"2024年5月1日", "2024年5月1日"},
		{"2024-05-01", "2024-05-01"},
		{"2024-5-1 10:30来电", "2024-5-1 10:30来电"},
		{"2024.05.01 13900000001", "2024.05.01 ***********"},
		{"2024/05/01 8:00-18:00", "2024/05/01 8:00-18:00"},
		{"2023-2024年度", "2023-2024年度"},
		{"1998—2003", "1998—2003"},
		{"欠薪123456元", "欠薪123456元"},
		{"工资12345.67元", "工资12345.67元"},
		{"坐标29.650012，欠12345.67。", "坐标29.650012，欠12345.67。"},
		{"每月5000-8000元", "每月5000-8000元"},
		{"10000-12000元", "10000-12000元"},
		{"拨打110和12345", "拨打110和12345"},
		{"12345 110 119都没人接", "12345 110 119都没人接"},
		{"12345 13900000001", "12345 ***********"},
		{"110-13900000001", "110-***********"},
		{"3号楼2单元502室", "3号楼2单元502室"},
		{"12-3-1502", "12-3-1502"},
		{"藏A12345", "藏A12345"},
		{"123路公交", "123路公交"},
		{"850000", "850000"},
		{"三二一一二三", "三二一一二三"},
		{"一二三四五六七", "*******"},
		{"བོད་ལྗོངས་ལྷ་ས།", "བོད་ལྗོངས་ལྷ་ས།"},
		{"༢༠༢༤ལོ", "༢༠༢༤ལོ"},

		// A date is one only alone.
		{"2024-05-0113900000001", "*******************"},
		{"2024-05-01-0001", "************"},
		{"20245-01-0001", "***********"},
	} {
		got := string(NewPersonal(tc.in).Redact())
		if got != tc.want {
			t.Errorf("Redact(%q) = %q, want %q", tc.in, got, tc.want)
		}
		if again := string(NewPersonal(got).Redact()); again != got {
			t.Errorf("Redact(%q) = %q, and again %q", tc.in, got, again)
		}
	}
}

// pieces are bits of text that make up numbers, addresses and their neighbours.
var pieces = []string{"0", "1", "7", "19", "20", "2024", "110", "12345", "13900000001", "６", "༣", "三", "X", "x", "-", " ", "　", ".", "－", "—",
	"\u200b", "\ufe0f", "\n", "/", "@", "＠", "a", "*", "***", "b.cn", "元", "年", "电话", "，", "藏", "\xff", "𝟗"}

func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 25).Draw(t, "pieces"), "")
	})
}

// No seven digits in a row survive, whatever stands around them or unseen
// between them; what is redacted stays as it is; nothing but masks comes in.
func TestRedactHidesLongNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(text(), rapid.String()).Draw(t, "text")
		got := string(NewPersonal(in).Redact())
		run := 0
		for _, r := range got {
			switch {
			case unicode.IsDigit(r) || strings.ContainsRune("〇零一二三四五六七八九幺", r):
				run++
			case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me):
			default:
				run = 0
			}
			if run == 7 {
				t.Fatalf("Redact(%q) = %q shows seven digits in a row", in, got)
			}
		}
		if again := string(NewPersonal(got).Redact()); again != got {
			t.Fatalf("Redact(%q) = %q, and again %q", in, got, again)
		}
		for _, r := range got {
			if r != '*' && r != '@' && r != utf8.RuneError && !strings.ContainsRune(in, r) {
				t.Fatalf("Redact(%q) = %q adds %q", in, got, r)
			}
		}
		if !utf8.ValidString(got) {
			t.Fatalf("Redact(%q) = %q is no UTF-8", in, got)
		}
	})
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{"139-0000-0001", "a@b@c", "2024-05-01", "540102 19900101 001X", "\xff1", "12345 110"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := string(NewPersonal(in).Redact())
		if again := string(NewPersonal(got).Redact()); again != got {
			t.Errorf("Redact(%q) = %q, and again %q", in, got, again)
		}
	})
}

func TestAnonymous(t *testing.T) {
	for in, want := range map[string]string{
		"我叫张测试，电话13900000001，路灯坏了": "我叫***，电话***********，路灯坏了",
		"举报人：李测试，联系人 扎西":           "举报人：***，联系人 ***",
		"名叫阳光小区的地方停水":              "名叫***区的地方停水",
		"路灯坏了三天":                   "路灯坏了三天",
	} {
		if got := string(NewPersonal(in).Anonymous()); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
