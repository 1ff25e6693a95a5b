package triage

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/catalogue"
	"liandong/internal/directory"
)

var engine = sync.OnceValue(func() *Rules {
	cat, err := catalogue.Seed()
	if err != nil {
		panic(err)
	}
	dir, err := directory.Seed()
	if err != nil {
		panic(err)
	}
	return NewRules(cat, dir)
})

// Invented calls, as people say them. want is the class that must be among the
// first three; first is the class under D, where one must be proposed.
var calls = []struct{ text, want, first string }{
	{"我们家这边停水两天了一滴水都没有什么时候来水", "A01", ""},
	{"小区门口的路灯坏了好久晚上黑漆漆的", "A01", ""},
	{"家里停电了电卡里还有钱", "A01", ""},
	{"暖气一点都不热屋里只有十度", "A01", ""},
	{"我们村到现在没有公交车能不能开通一条公交线路", "A01", ""},
	{"手机没信号打个电话要跑到山坡上", "A01", ""},
	{"楼下垃圾堆成山了一个星期没人清运", "A02", ""},
	{"对面楼顶有人私自搭建彩钢房是违建", "A02", ""},
	{"门口一排小贩占道经营走路都走不过去", "A02", ""},
	{"街上流浪狗太多希望城管来管一管", "A02", ""},
	{"行道树的树枝长到我家窗户里了请修剪一下", "A03", ""},
	{"公园的草坪枯死了一大片绿化没人管", "A03", ""},
	{"工地扬尘太大了窗户都不敢开", "A04", ""},
	{"新房子才收房墙体就开裂工程质量太差", "A04", ""},
	{"修路把路挖开三个月了还不填", "A04", ""},
	{"上游的工厂往河里排污水河水都变黑了", "A05", ""},
	{"楼下饭店油烟太大熏得没法开窗", "A05", ""},
	{"养猪场臭味太重苍蝇满天飞", "A05", ""},
	{"在店里买的手机三天就坏了商家不退钱", "A06", ""},
	{"健身房关门跑路了我的会员卡里还有两千块", "A06", ""},
	{"开发商说好去年交房到现在房产证也办不下来", "A06", ""},
	{"朋友借我三万块有借条就是欠钱不还", "A07", ""},
	{"甲方拖欠我们公司工程款两年了", "A07", ""},
	{"我入股的店股东不给分红", "A07", ""},
	{"超市卖过期食品给我们", "A08", ""},
	{"出租车不打表乱要价从车站到城里要了一百", "A08", ""},
	{"小区电梯好几年没年检了贴的还是旧标", "A08", ""},
	{"这家药店卖假药你们查一下", "A08", ""},
	{"景区门票涨价了还不让带水进去", "A09", ""},
	{"网吧接待小孩上网到半夜", "A09", ""},
	{"图书馆周末为什么不开门", "A09", ""},
	{"老城墙的文物被人刻字了", "A09", ""},
	{"县医院收费不合理医生态度也不好", "A10", ""},
	{"孩子打疫苗要带什么证件", "A10", ""},
	{"那个诊所没有证就给人看病", "A10", ""},
	{"孩子今年上小学学区怎么划分的", "A11", ""},
	{"学校老师周末收费补课", "A11", ""},
	{"幼儿园食堂的饭菜不好家长有意见", "A11", ""},
	{"老板拖欠我们三个月工资不发", "A12", ""},
	{"我父亲的养老金为什么这个月没到账", "A12", ""},
	{"想问一下低保怎么申请", "A12", ""},
	{"住院以后医保怎么报销", "A12", ""},
	{"草场上有一只受伤的黑颈鹤飞不起来", "A13", ""},
	{"棕熊把我家牛羊咬死了好几头能不能赔", "A13", ""},
	{"狼把我家的羊叼走了三只野生动物损失找谁赔", "A13", ""},
	{"邻居占了我家宅基地垒了墙", "A14", ""},
	{"物业不管事物业费倒是收得勤", "A14", ""},
	{"两家因为草场边界扯了好几年了", "A14", ""},
	{"我家草场被邻居占了一大片", "A14", ""},
	{"路上结冰积雪没人铲", "A15", "D7"},
	{"村口山体滑坡把路埋了一段没有人在那边", "A15", ""},
	{"刚才是不是地震了房子晃了一下", "A15", ""},
	{"我的钥匙丢了进不去家门想找人开锁", "A16", ""},
	{"有辆车堵住我的车位了麻烦叫他挪车", "A16", ""},
	{"我的包落在出租车上了怎么找", "A16", ""},
	{"我不会说汉语需要藏语翻译", "A16", ""},
	{"怎么办身份证要几天能拿到", "A17", ""},
	{"建议政府在规划里多考虑停车位", "A17", ""},
	{"感谢你们的工作人员帮我把事办了表扬一下", "A17", ""},
	{"举报村支书贪污扶贫款", "A17", ""},
	{"我家被偷了电视和现金都没了", "B01", ""},
	{"有人冒充公安让我转账我被骗了五万", "B01", ""},
	{"二楼棋牌室聚众赌博一晚上输赢好几万", "B01", ""},
	{"隔壁老板把我打了一顿现在脸还肿着", "B01", ""},
	{"有人在巷子里贩毒", "B01", ""},
	{"传销窝点就在那个小区天天上课拉人头", "B01", ""},
	{"一百多人把县政府大门堵了拉着横幅", "B02", ""},
	{"出租车司机在广场罢运停了一排车", "B02", ""},
	{"路口两辆车追尾了没人受伤要交警来定责", "B03", ""},
	{"学校门口违停的车太多孩子过马路看不见", "B03", ""},
	{"前面路口堵车堵了两个小时没有交警指挥", "B03", ""},
	{"有人酒驾刚从饭店开车出去", "B03", ""},
	{"对面楼着火了冒浓烟", "B04", ""},
	{"后山有人私存炸药和雷管", "B04", ""},
	{"我家老人有老年痴呆下午出去到现在没回来走失了", "B05", ""},
	{"有个孩子掉河里了快来人", "B05", ""},
	{"河边有个醉汉躺在地上冻得发抖叫不醒", "B05", ""},
	{"泥石流冲下来几户人家被围困在里面需要救援", "B06", ""},
	{"家里一股煤气味燃气泄漏了", "B06", ""},
	{"我打了三次110派出所都不出警", "B07", ""},
	{"举报一个民警在执法的时候打人", "B07", ""},
	{"交警态度恶劣乱罚款我要投诉交警", "B07", ""},

	{"护栏被车撞坏了倒在路中间", "", "D1"},
	{"红绿灯被撞倒了", "", "D1"},
	{"跟城管吵起来了摊贩吵架围了好多人", "", "D2"},
	{"车站门口黑车拉客强行拉客", "", "D2"},
	{"都十二点了工地现在还在施工吵得睡不着", "", "D3"},
	{"现在正在往河里倒废水你们快来抓现行", "", "D3"},
	{"我跟店家吵起来了他不让走", "", "D4"},
	{"楼下有大狗没拴见人就扑", "", "D5"},
	{"楼上邻居来闹砸我家的门邻居砸门", "", "D5"},
	{"路上塌了个大坑车都绕着走", "", "D6"},
	{"路中间井盖没了很危险", "", "D6"},
	{"大树倒了横在路上车过不去", "", "D7"},
	{"山上滚石落石挡路过不去", "", "D7"},
}

func top(p Proposal) []string {
	codes := make([]string, len(p.Candidates))
	for i, c := range p.Candidates {
		codes[i] = c.Category
	}
	return codes
}

func TestClasses(t *testing.T) {
	reached := map[string]bool{}
	first := 0
	for _, tc := range calls {
		p := engine().Propose(tc.text)
		for _, c := range top(p) {
			reached[c] = true
		}
		reached[p.FirstResponse] = true
		if tc.want != "" && !slices.Contains(top(p), tc.want) {
			t.Errorf("%s: got %v (%v), want %s among them", tc.text, p.Candidates, p.Reasons, tc.want)
		}
		if tc.want != "" && p.Category == tc.want {
			first++
		}
		if tc.first != "" && p.FirstResponse != tc.first {
			t.Errorf("%s: got first response %q, want %s", tc.text, p.FirstResponse, tc.first)
		}
	}
	if first < 70 {
		t.Errorf("got the class first %d times, want at least 70", first)
	}
	for _, tc := range dangers {
		reached[engine().Propose(tc.text).Urgent] = true
	}
	for _, code := range catalogue.ClassCodes() {
		if !reached[code] {
			t.Errorf("%s: no sentence reaches it", code)
		}
	}
}

// Invented calls with and without danger. Each that has some stands beside ones
// that sound like it and have none.
var dangers = []struct{ text, urgent string }{
	// C1
	{"我不想活了", "C1"},
	{"活着没意思我想结束自己", "C1"},
	{"我爱人站在楼顶说要跳下去", "C1"},
	{"我女儿在房间里割腕了流血", "C1"},
	{"我姐姐喝了农药躺在床上", "C1"},
	{"他拿汽油往身上浇汽油说要自焚", "C1"},
	{"工资再不给我就去跳楼", "C1"},
	{"怕他想不开你们快去看看他写了遗书", "C1"},
	{"这个问题拖了三年急得想跳楼", ""},
	{"你们这是逼人去死啊停车费又涨了", ""},
	{"商场跳楼价大甩卖是虚假宣传", ""},
	{"游乐场的跳楼机收费太高", ""},
	{"我没有想自杀就是心情不好想找人聊聊", ""},
	{"等公交等得累死了能不能增加班次", ""},
	{"心理热线的电话是多少想咨询一下自杀预防热线", ""},
	// C2
	{"再不解决我就炸了政府", "C2"},
	{"我要报复社会见人就砍", "C2"},
	{"他说要去学校砍学生", "C2"},
	{"我跟他们同归于尽大家都别活", "C2"},
	{"车站那边有人说放了炸弹有炸弹", "C2"},
	{"大家都很生气再不管会出大问题", ""},
	{"你们再不处理我就去省里投诉", ""},
	{"楼下炸鸡店油烟太大", ""},
	// C3
	{"几十个工人正在堵门要工资", "C3"},
	{"明天全体业主要去市政府静坐", "C3"},
	{"现在村民把国道堵了有一百多人", "C3"},
	{"出租车司机现在都在广场罢运聚了上百人", "C3"},
	{"我们小区三百多户业主联名反映物业乱收费", ""},
	{"很多人都对公交改线不满意", ""},
	{"全体村民希望修一条水泥路", ""},
	{"去年业主拉横幅的事后来怎么处理的", ""},
	{"几十户居民用水难请政府解决", ""},
	// C4 fire, gas, collapse
	{"楼要塌了里面有人", "C4"},
	{"我家厨房着火了", "C4"},
	{"楼道里有一股煤气味", "C4"},
	{"天然气管道被挖断了正在漏气", "C4"},
	{"充电桩着火了旁边都是车", "C4"},
	{"房子塌了有人被埋在下面", "C4"},
	{"万一发生火灾消防通道堵着怎么办", ""},
	{"想咨询一下燃气泄漏报警器在哪里买", ""},
	{"去年着火的那栋楼什么时候修", ""},
	{"单位组织火灾演练通知了吗", ""},
	{"网上看到外地爆炸的新闻说是气罐", ""},
	{"火灾险怎么买", ""},
	{"我的手机掉水里了去哪里修", ""},
	{"这个路段要注意防止滑坡", ""},
	// C4 people
	{"电梯里困住人了快来救人被困在电梯", "C4"},
	{"我孩子不见了找了两个小时", "C4"},
	{"我妈晕倒了叫不醒", "C4"},
	{"有人掉河里了", "C4"},
	{"车翻到沟里司机卡在车里出不来", "C4"},
	{"狗咬人了咬了好几个孩子", "C4"},
	{"熊进村了正在拍门", "C4"},
	{"我们的车困在雪里没有吃的", "C4"},
	{"停电以后奶奶的制氧机停了", "C4"},
	{"有人触电倒在地上", "C4"},
	{"学校十几个学生吃完饭集体呕吐", "C4"},
	{"没有人受伤就是车刮了一下", ""},
	{"两车剐蹭无人受伤要求交警出警", ""},
	{"没有人被困就是电梯老坏", ""},
	{"走丢的老人已经找到了谢谢你们", ""},
	{"我家的狗走丢了", ""},
	{"健身房老板失联了卡里的钱怎么办", ""},
	{"我是贫困户想申请补助", ""},
	{"低保是我们家的救命钱", ""},
	{"电梯老是坏希望物业修一修", ""},
	{"听说前年那条路上车祸不少", ""},
	// C4 violence
	{"他拿着刀", "C4"},
	{"有人持刀在店里砍人", "C4"},
	{"我老公正在打我拿刀要杀我", "C4"},
	{"我被关起来了他们不让我走救我", "C4"},
	{"外面有人撬门小偷进屋了", "C4"},
	{"楼下打起来了好多人拿着棍子打得头破血流", "C4"},
	{"去年被打的案子怎么还没有结果", ""},
	{"请问报警电话是多少", ""},
	{"家里菜刀钝了哪里能磨刀", ""},
	{"他没有拿刀就是骂人", ""},
	{"幼儿园老师打电话来催缴费", ""},
	{"理发店绑定会员才能打折这是道德绑架", ""},
	{"藏獒冲出来咬伤了两个游客", "C4"},
	{"湖面冰裂了有个孩子掉下去了", "C4"},
	{"工地脚手架倒了压了三个人", "C4"},
	{"前面货车撞到人了人躺在地上不动", "C4"},
	{"河水涨上来了我们在河中间的石头上", "C4"},
	{"我女朋友在宿舍吞了一整瓶安眠药", "C1"},
	{"我媳妇跑到河边说要跳", "C1"},
	{"我要拿刀去你们单位杀人", "C2"},
	{"工人们把项目部围了不让车出来已经五十多个人了", "C3"},
	{"变压器冒火花噼里啪啦响", "C4"},
	{"煤气灶打不着火是不是停气了", ""},
	{"学校组织防溺水演练要交钱吗", ""},
	{"工地上摔伤的工伤赔偿老板不给", ""},
	{"验证码短信老是出不来了登录不上", ""},
	{"孩子学习成绩掉下去了想找补课班", ""},
	{"小区有人放鞭炮烧着了垃圾桶已经扑灭了", ""},
	{"房子漏水天花板要掉下来了物业不修", ""},
	{"我想问一下被狗咬了医保能不能报", "C4"}, // the bite may be fresh: on the side of danger
}

func TestDanger(t *testing.T) {
	yes := 0
	for _, tc := range dangers {
		p := engine().Propose(tc.text)
		if p.Urgent != tc.urgent {
			t.Errorf("%s: got urgent %q, want %q (%v)", tc.text, p.Urgent, tc.urgent, p.Reasons)
		}
		if p.Urgent != "" {
			yes++
			if p.Level != 1 {
				t.Errorf("%s: got level %d, want 1", tc.text, p.Level)
			}
			if len(p.Reasons) == 0 || !slices.ContainsFunc(p.Reasons, func(r Reason) bool { return r.Of == p.Urgent }) {
				t.Errorf("%s: got no reason for %s: %v", tc.text, p.Urgent, p.Reasons)
			}
		}
	}
	if no := len(dangers) - yes; yes < 40 || no < 35 {
		t.Errorf("got %d with and %d without danger, want at least 40 and 35", yes, no)
	}
	if n := len(dangers) + len(calls); n < 160 {
		t.Errorf("got %d sentences, want at least 160", n)
	}
}

// The same danger must be found in every way of writing it.
func TestDangerHoweverWritten(t *testing.T) {
	for _, text := range []string{
		"我 不 想 活 了", "我\u200b不想活了", "　我不想活了　", "您好。我住在三楼。我不想活了。", "我不想活了！！！", "喂\n我不想活了\n",
		"我家是３单元。ＫＴＶ楼上。我不想活了",
		strings.Repeat("我今天来说说我家的事情。", 30) + "我不想活了。",
	} {
		if p := engine().Propose(text); p.Urgent != "C1" {
			t.Errorf("%q: got %q, want C1", text, p.Urgent)
		}
	}
	call := "你好我在三小区这边我跟你说一下我家住在二楼今天早上起来做饭的时候就觉得不对劲然后我就把窗户打开了我老婆也说头晕我就赶紧把阀门关了可是现在还是有味道你们能不能快点派人过来看看我觉得是天然气泄漏了楼里还有好多人没下来我也不知道该怎么办你们快来吧我在门口等着你们"
	if p := engine().Propose(call); p.Urgent != "C4" {
		t.Errorf("a long call: got %q, want C4", p.Urgent)
	}
}

func TestUnread(t *testing.T) {
	for _, tc := range []struct {
		text   string
		unread bool
	}{
		{"", true},
		{"喂", true},
		{"你好我要反映", true},
		{"啊啊啊啊啊啊啊啊啊啊啊啊啊啊", true},
		{"12345678901234567890", true},
		{"��������������������", true},
		{"Hello, the street lamp in front of my house is broken.", true},
		{"ང་ཚོའི་གྲོང་གསེབ་ལ་ཆུ་མི་འདུག", true},
		{"ང་ཚོའི་གྲོང་གསེབ་ལ་ཆུ་མི་འདུག 停水了", true},
		{"我们村停水三天了请尽快处理一下", false},
		{strings.Repeat("我们村停水三天了请尽快处理一下。", 2000), true}, // only its beginning is read
		{"救命", false},
		{"着火了", false},
		{"我家路灯坏了(ལྷ་ས)请派人来修一下谢谢你们的工作", false},
	} {
		p := engine().Propose(tc.text)
		if p.Unread != tc.unread {
			t.Errorf("%.60q: got unread %v, want %v", tc.text, p.Unread, tc.unread)
		}
		if p.Unread != slices.ContainsFunc(p.Reasons, func(r Reason) bool { return r.Kind == Unreadable }) {
			t.Errorf("%.60q: unread %v, reasons %v", tc.text, p.Unread, p.Reasons)
		}
	}
	// Tibetan with a Chinese cry for help: both are said.
	if p := engine().Propose("ང་ཚོའི་གྲོང་གསེབ་ལ་ཆུ་མི་འདུག 救命 着火了"); !p.Unread || p.Urgent != "C4" {
		t.Errorf("got unread %v, urgent %q, want both", p.Unread, p.Urgent)
	}
}

func TestRegion(t *testing.T) {
	if p := engine().Propose("日喀则市亚东县的路灯坏了"); p.Region != "540233" && p.Region == "" {
		t.Errorf("got region %q, want that of 亚东县", p.Region)
	}
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	p := NewRules(cat, nil).Propose("日喀则市亚东县的路灯坏了")
	if p.Region != "" || p.Category != "A01" || p.Item != "A01.01" {
		t.Errorf("without regions: got %q %q %q, want none, A01, A01.01", p.Region, p.Category, p.Item)
	}
}

func TestProposalJSON(t *testing.T) {
	p := engine().Propose("拉萨市城关区的路灯坏了")
	doc, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"line", "category", "item", "region", "level", "unread", "urgent", "first_response", "score", "candidates", "reasons", "version"} {
		if _, ok := got[key]; !ok {
			t.Errorf("%s: no %s", doc, key)
		}
	}
	var again Proposal
	if err := json.Unmarshal(doc, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Errorf("kept and read again it differs: %s", diff)
	}
	// Nothing to say is empty lists, not null.
	if doc, _ := json.Marshal(engine().Propose("嗯嗯")); !strings.Contains(string(doc), `"candidates":[]`) {
		t.Errorf("got %s, want an empty list of candidates", doc)
	}
}

func TestReasonsPointAtTheirWords(t *testing.T) {
	for _, text := range []string{"我家　停 电了，ＫＴＶ太吵。没有人受伤", "去年着火，万一爆炸，他拿了一把刀"} {
		p := engine().Propose(text)
		if len(p.Reasons) < 2 {
			t.Errorf("%s: got %v, want several reasons", text, p.Reasons)
		}
		for _, r := range p.Reasons {
			if r.At >= 0 && !strings.HasPrefix(text[r.At:], r.Word) {
				t.Errorf("%s: %q is not at %d", text, r.Word, r.At)
			}
		}
	}
}

func TestSay(t *testing.T) {
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		r      Reason
		zh, en string
	}{
		{Reason{Kind: ForItem, Word: "路灯坏了", Of: "A01.01"}, "“路灯坏了”指向事项：A01.01 路灯不亮", "“路灯坏了” speaks for the item: A01.01 Street lamp out"},
		{Reason{Kind: Danger, Word: "着火了", Of: "C4"}, "“着火了”提示险情：C4 危及公共、人身或财产安全事件", "“着火了” tells of danger: C4 Danger to the public, persons or property"},
		{Reason{Kind: Unreadable, Of: "script"}, "未能甄别，须由人工核查：不是或不全是汉文", "not assessed, a person must check: not or not only in Chinese"},
		{Reason{Kind: InRegion, Word: "亚东县", Of: "540233"}, "文中地点：亚东县", "place named: 亚东县"},
		{Reason{Kind: ForClass, Word: "水", Of: "Z99"}, "“水”指向类别：Z99", "“水” speaks for the class: Z99"},
	} {
		if got := tc.r.Say(cat, "zh"); got != tc.zh {
			t.Errorf("got %s, want %s", got, tc.zh)
		}
		if got := tc.r.Say(cat, "en"); got != tc.en {
			t.Errorf("got %s, want %s", got, tc.en)
		}
	}
	for kind := range sentences["zh"] {
		if sentences["en"][kind] == "" {
			t.Errorf("%s: not said in English", kind)
		}
	}
	kinds := map[string]bool{}
	for _, tc := range dangers {
		for _, r := range engine().Propose(tc.text).Reasons {
			kinds[r.Kind] = true
			if said := r.Say(cat, "zh"); said == "" || strings.Contains(said, "%!") || strings.HasPrefix(said, r.Kind) {
				t.Errorf("%s: %v is said as %q", tc.text, r, said)
			}
		}
	}
	if len(kinds) < 10 {
		t.Errorf("the sentences give %d kinds of reason (%v), want at least 10", len(kinds), kinds)
	}
}

func TestSameEachTime(t *testing.T) {
	cat, err := catalogue.Seed()
	if err != nil {
		t.Fatal(err)
	}
	other := NewRules(cat, engine().regions)
	for range 5 {
		for _, tc := range dangers {
			if diff := cmp.Diff(engine().Propose(tc.text), other.Propose(tc.text)); diff != "" {
				t.Fatalf("%s: %s", tc.text, diff)
			}
		}
	}
}

func TestConcurrent(t *testing.T) {
	want := make([]Proposal, len(calls))
	for i, tc := range calls {
		want[i] = engine().Propose(tc.text)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, tc := range calls {
				if diff := cmp.Diff(want[i], engine().Propose(tc.text)); diff != "" {
					t.Errorf("%s: %s", tc.text, diff)
				}
			}
		})
	}
	wg.Wait()
}

func check(t *testing.T, text string, p Proposal) {
	t.Helper()
	sum := 0.0
	for i, c := range p.Candidates {
		if math.IsNaN(c.Score) || c.Score < 0 || c.Score > 1 || i > 0 && c.Score > p.Candidates[i-1].Score {
			t.Errorf("%q: scores %v", text, p.Candidates)
		}
		sum += c.Score
	}
	if sum > 1.01 || len(p.Candidates) > 3 {
		t.Errorf("%q: candidates %v", text, p.Candidates)
	}
	if len(p.Candidates) > 0 && (p.Category != p.Candidates[0].Category || p.Score != p.Candidates[0].Score) {
		t.Errorf("%q: category %s %v, candidates %v", text, p.Category, p.Score, p.Candidates)
	}
	if want := "12345"; p.Line != want && !strings.HasPrefix(p.Category, "B") || p.Line == want && strings.HasPrefix(p.Category, "B") {
		t.Errorf("%q: line %s for %s", text, p.Line, p.Category)
	}
	if p.Level < 1 || p.Level > 4 {
		t.Errorf("%q: level %d", text, p.Level)
	}
	for _, r := range p.Reasons {
		if r.At > len(text) || r.At >= 0 && utf8.ValidString(text) && !strings.HasPrefix(text[r.At:], r.Word) {
			t.Errorf("%q: reason %v points elsewhere", text, r)
		}
	}
}

func FuzzPropose(f *testing.F) {
	for _, tc := range dangers {
		f.Add(tc.text)
	}
	for _, s := range []string{"", "\x00\xff", "ང་ཚོ", "拿拿拿刀刀刀", "没有没有没有着火", strings.Repeat("着火了", 100), "。！？；\n", "\U000F0000\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := engine().Propose(text)
		check(t, text, p)
		if diff := cmp.Diff(p, engine().Propose(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	})
}

func TestEveryProposalIsSound(t *testing.T) {
	for _, tc := range calls {
		check(t, tc.text, engine().Propose(tc.text))
	}
	long := strings.Repeat("我家着火了，他拿着刀，没有人受伤。", 3000)
	check(t, long, engine().Propose(long))
}

// A catalogue of another version may lack what the lists speak of.
func TestOtherCatalogue(t *testing.T) {
	small := &catalogue.Catalogue{Version: "small", Classes: []catalogue.Class{
		{Code: "A01", Name: "公共设施类", Line: "12345", Level: 3, Synonyms: []string{"设施", " "}},
		{Code: "C4", Name: "危险", Line: "110", Level: 1},
	}}
	p := NewRules(small, nil).Propose("设施坏了，着火了，自来水也停了")
	if p.Category != "A01" || p.Urgent != "C4" || p.Version != Version+"+small" {
		t.Errorf("got %+v, want A01 and C4", p)
	}
	if p := NewRules(&catalogue.Catalogue{}, nil).Propose("着火了"); p.Category != "" || p.Urgent != "C4" || p.Level != 1 {
		t.Errorf("no classes at all: got %+v, want the danger alone", p)
	}
}

func TestListFaults(t *testing.T) {
	good := map[string]string{
		"words.csv": "of,weight,words\nA01,2,水\n", "danger.csv": "class,strength,to,words\nC4,strong,B05,火\n", "context.csv": "kind,words\nnegation,没\n",
	}
	for _, tc := range []struct{ file, content, want string }{
		{"words.csv", "of,weight,words\nA01,0,水\n", "words.csv:2: weight"},
		{"words.csv", "of,weight,words\nA01,NaN,水\n", "words.csv:2: weight"},
		{"words.csv", "of,weight,words\nX01,1,水\n", "words.csv:2: \"X01\""},
		{"words.csv", "of,weight,words\nA01,1,\n", "words.csv:2: no words"},
		{"words.csv", "of,weight,words\nA01,1,水|水\n", "words.csv:2: \"水\" twice"},
		{"words.csv", "of,weight,words\nA01,1,水||火\n", "words.csv:2: word 2 is empty"},
		{"danger.csv", "class,strength,to,words\nC5,strong,B05,火\n", "danger.csv:2: \"C5\""},
		{"danger.csv", "class,strength,to,words\nC4,huge,B05,火\n", "danger.csv:2: strength"},
		{"danger.csv", "class,strength,to,words\nC4,weak,B05,拿…\n", "danger.csv:2: word 1 is empty"},
		{"context.csv", "kind,words\nmood,没\n", "context.csv:2: \"mood\""},
	} {
		files := fstest.MapFS{}
		for name, content := range good {
			files[name] = &fstest.MapFile{Data: []byte(content)}
		}
		files[tc.file] = &fstest.MapFile{Data: []byte(tc.content)}
		if _, err := parseLists(files); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.content, err, tc.want)
		}
	}
}

func BenchmarkPropose200(b *testing.B) {
	text := "反映城关区某小区的问题。您好，我住在三号楼，小区门口的路灯坏了三个月没有人修，晚上出门黑漆漆的，前几天还有老人摔了一跤。" +
		"物业说不归他们管，社区也说管不了。另外楼下烧烤摊每天晚上占道经营，油烟很大，吵得睡不着，垃圾也没人清。" +
		"停车位被外面的车占满，找交警来过一次，过几天又是老样子。希望有关部门尽快派人处理，给我们一个答复，谢谢你们的工作，辛苦了，盼回复。这个问题已经反映过好几次了。"
	e := engine()
	b.ReportAllocs()
	b.ReportMetric(float64(utf8.RuneCountInString(text)), "characters")
	for b.Loop() {
		e.Propose(text)
	}
}

// What happens in another country is news, unless it happens to somebody who is
// here or to the caller's own; what is shown or played is none either.
func TestDangerAbroad(t *testing.T) {
	for _, tc := range []struct{ text, urgent string }{
		{"秘鲁一客车翻车 五人死亡", ""},
		{"一客车翻车 五人死亡", "C4"},
		{"电视里说高楼着火了，我们单元的消防栓有水吗", ""},
		{"我儿子在缅甸被绑架了，快救他", "C4"},
		{"两个法国游客掉进河里了", "C4"},
		{"韩国料理店着火了，楼上有人", "C4"},
	} {
		if p := engine().Propose(tc.text); p.Urgent != tc.urgent {
			t.Errorf("%s: got urgent %q, want %q (%v)", tc.text, p.Urgent, tc.urgent, p.Reasons)
		}
	}
	if p := trained().Propose("help help my friend 掉到拉萨河里了 water very fast 他抓着树枝"); p.Urgent != "C4" || !p.Unread {
		t.Errorf("half English: got urgent %q, unread %v, want C4 and unread", p.Urgent, p.Unread)
	}
}
