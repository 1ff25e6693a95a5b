package catalogue

import "slices"

// The kinds of department that code asks for by name. All others are data.
const (
	KindGovernment = "government" // 属地政府
	KindPolice     = "police"     // 公安
	KindDesk12345  = "desk12345"
	KindDesk110    = "desk110"
)

// Department is a kind of unit that can hold a leg: not the housing bureau of
// a county, but housing bureaus. Items name kinds; package directory says
// which unit of a kind is responsible where.
type Department struct {
	Kind   string // stable, part of unit codes
	Name   string // Chinese, short, as said at a desk
	NameEN string
}

// departments is the shared vocabulary of kinds. What is not here cannot be
// named in a catalogue or a directory.
var departments = []Department{
	{KindGovernment, "属地政府", "Local government"},
	{"townoffice", "乡镇街道", "Township or subdistrict"},
	{"housing", "住建", "Housing and construction"},
	{"urban", "城管", "Urban management"},
	{"env", "生态环境", "Ecology and environment"},
	{"market", "市场监管", "Market supervision"},
	{"culture", "文旅", "Culture and tourism"},
	{"press", "新闻出版广电", "Press and broadcasting"},
	{"heritage", "文物", "Cultural heritage"},
	{"health", "卫健", "Health"},
	{"cdc", "疾控", "Disease control"},
	{"medins", "医保", "Medical insurance"},
	{"education", "教育", "Education"},
	{"labour", "人社", "Labour and social security"},
	{"civil", "民政", "Civil affairs"},
	{"forestry", "林草", "Forestry and grassland"},
	{"agri", "农业农村", "Agriculture and rural affairs"},
	{"water", "水利", "Water resources"},
	{"transport", "交通", "Transport"},
	{"emergency", "应急管理", "Emergency management"},
	{"justice", "司法", "Justice"},
	{"resources", "自然资源", "Natural resources"},
	{"finance", "地方金融", "Local finance"},
	{"commerce", "商务", "Commerce"},
	{"development", "发展改革", "Development and reform"},
	{"veterans", "退役军人", "Veterans affairs"},
	{"fund", "公积金", "Housing provident fund"},
	{"tax", "税务", "Taxation"},
	{"disabled", "残联", "Disabled persons' federation"},
	{"women", "妇联", "Women's federation"},
	{"youth", "团委", "Youth league"},
	{"petition", "信访", "Letters and visits"},
	{"telecom", "通管", "Telecommunications"},
	{"post", "邮政", "Postal administration"},
	{"weather", "气象", "Meteorology"},
	{"rail", "铁路", "Railway"},
	{"aviation", "民航", "Civil aviation"},
	{"line119", "消防救援", "Fire and rescue"},
	{"line120", "急救", "Medical emergency"},
	{"power", "供电", "Power supply"},
	{"watersupply", "供水", "Water supply"},
	{"gas", "燃气", "Gas supply"},
	{"heat", "热力", "Heating"},
	{KindPolice, "公安", "Police"},
	{"traffic-police", "交警", "Traffic police"},
	{"discipline", "督察", "Police inspection"},
	{KindDesk12345, "12345", "12345 desk"},
	{KindDesk110, "110", "110 desk"},
}

// Departments lists every kind of department, in the order shown.
func Departments() []Department { return slices.Clone(departments) }

// FindDepartment finds a kind of department.
func FindDepartment(kind string) (Department, bool) {
	i := slices.IndexFunc(departments, func(d Department) bool { return d.Kind == kind })
	if i < 0 {
		return Department{}, false
	}
	return departments[i], true
}
