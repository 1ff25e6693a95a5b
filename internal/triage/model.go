package triage

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Model weighs runs of characters: for each class, and for each urgent class
// and none. It holds no text: a run of characters is kept as a number from
// which it cannot be read back.
//
// A model is one file: modelMark, the number of parts and of columns (uint32),
// the calibration (four float32), a bias for each column (float32), the names
// of the parts in rising order (uint32), for each part the unit of its weights
// (float32), and for each part a weight in each column (int8). All numbers are
// little-endian.
type Model struct {
	Version string // what the file's content comes to

	names   []uint32
	start   []int32 // of the names that begin with these 16 bits
	units   []float32
	weights []int8 // by part, then column
	bias    []float32

	sharp, rules float64 // what the model and the rules count for when both speak
	alarm, calm  float64 // danger: from the first on it is one; below the second a letter is none

	room sync.Pool // of counts by part
}

// Columns of a model: the classes A and B in the order of their codes, then no
// danger, then the urgent classes.
var (
	modelClasses = func() (codes []string) {
		for i := 1; i <= 17; i++ {
			codes = append(codes, fmt.Sprintf("A%02d", i))
		}
		for i := 1; i <= 7; i++ {
			codes = append(codes, fmt.Sprintf("B%02d", i))
		}
		return codes
	}()
	columns = len(modelClasses) + 1 + len(dangerCodes)
)

const modelMark = "LDTRIA01"

// Dials are set after training, by what the model says of texts it has not
// seen.
type Dials struct {
	Sharp float64 // of the model's opinion; 1 as trained
	Rules float64 // of the rules' opinion beside it
	Alarm float64 // chance from which a text is taken for dangerous
	Calm  float64 // chance below which a letter is not, whatever words are in it
}

// Weights are a trained model before it is packed.
type Weights struct {
	Names []uint32    // rising
	Rows  [][]float64 // by name, then column
	Bias  []float64
	Dials Dials
}

// Columns tells how many columns a model has, and the place of a class (A, B),
// of an urgent class, or with "" of no danger among them; -1 for no column.
func Columns() int { return columns }

// Column: see Columns.
func Column(code string) int {
	if i := slices.Index(modelClasses, code); i >= 0 {
		return i
	}
	if code == "" {
		return len(modelClasses)
	}
	if i := slices.Index(dangerCodes, code); i >= 0 {
		return len(modelClasses) + 1 + i
	}
	return -1
}

// Pack writes the file of a model. The same weights give the same bytes.
func (w Weights) Pack() []byte {
	le := binary.LittleEndian
	out := []byte(modelMark)
	out = le.AppendUint32(out, uint32(len(w.Names)))
	out = le.AppendUint32(out, uint32(columns))
	for _, d := range []float64{w.Dials.Sharp, w.Dials.Rules, w.Dials.Alarm, w.Dials.Calm} {
		out = le.AppendUint32(out, math.Float32bits(float32(d)))
	}
	for _, b := range w.Bias {
		out = le.AppendUint32(out, math.Float32bits(float32(b)))
	}
	for _, n := range w.Names {
		out = le.AppendUint32(out, n)
	}
	units := make([]float64, len(w.Rows))
	for i, row := range w.Rows {
		most := 0.0
		for _, v := range row {
			most = max(most, math.Abs(v))
		}
		units[i] = float64(float32(most / 127))
		out = le.AppendUint32(out, math.Float32bits(float32(units[i])))
	}
	for i, row := range w.Rows {
		for _, v := range row {
			q := 0.0
			if units[i] > 0 {
				q = math.Round(v / units[i])
			}
			out = append(out, byte(int8(max(-127, min(127, q)))))
		}
	}
	return out
}

var errModel = errors.New("not a model of this program")

// ReadModel reads the file of a model.
func ReadModel(file []byte) (*Model, error) {
	le := binary.LittleEndian
	head := len(modelMark) + 8 + 16 + 4*columns
	if len(file) < head || string(file[:len(modelMark)]) != modelMark {
		return nil, errModel
	}
	rest := file[len(modelMark):]
	n, k := int(le.Uint32(rest)), int(le.Uint32(rest[4:]))
	if k != columns || len(file) != head+n*(8+k) {
		return nil, fmt.Errorf("%w: %d parts, %d columns, %d bytes", errModel, n, k, len(file))
	}
	number := func(i int) float64 { return float64(math.Float32frombits(le.Uint32(rest[8+4*i:]))) }
	m := &Model{names: make([]uint32, n), units: make([]float32, n), weights: make([]int8, n*k), bias: make([]float32, k),
		sharp: number(0), rules: number(1), alarm: number(2), calm: number(3)}
	for i := range m.bias {
		m.bias[i] = float32(number(4 + i))
	}
	rest = file[head:]
	for i := range m.names {
		m.names[i] = le.Uint32(rest[4*i:])
		m.units[i] = math.Float32frombits(le.Uint32(rest[4*(n+i):]))
		if i > 0 && m.names[i] <= m.names[i-1] {
			return nil, fmt.Errorf("%w: its parts are out of order", errModel)
		}
	}
	for _, v := range slices.Concat(m.bias, m.units, []float32{float32(m.sharp), float32(m.rules), float32(m.alarm), float32(m.calm)}) {
		if f := float64(v); math.IsNaN(f) || math.Abs(f) > 1e6 {
			return nil, fmt.Errorf("%w: a number out of all bounds", errModel)
		}
	}
	for i, b := range rest[8*n:] {
		m.weights[i] = int8(b)
	}
	m.index()
	sum := sha256.Sum256(file)
	m.Version = hex.EncodeToString(sum[:5])
	m.room.New = func() any { c := make([]uint16, n); return &c }
	return m, nil
}

// index makes looking up a name a matter of two or three steps.
func (m *Model) index() {
	m.start = make([]int32, 1<<16+1)
	for _, name := range m.names {
		m.start[name>>16+1]++
	}
	for i := range 1 << 16 {
		m.start[i+1] += m.start[i]
	}
}

// part is the number of a name, or -1.
func (m *Model) part(name uint32) int {
	for i := m.start[name>>16]; i < m.start[name>>16+1]; i++ {
		if m.names[i] >= name {
			if m.names[i] == name {
				return int(i)
			}
			break
		}
	}
	return -1
}

func (m *Model) row(part int) []int8 { return m.weights[part*columns : (part+1)*columns] }

// opinion is what a model says of a text.
type opinion struct {
	classes []float64 // log-odds by column of modelClasses
	danger  []float64 // chances: none, C1 … C4, of the piece that is most dangerous
	from    int       // runes of that piece
	to      int
	known   int // runs of characters that the model knows
}

func (m *Model) read(t *text) opinion {
	k := len(modelClasses)
	o := opinion{classes: make([]float64, k)}
	for i := range o.classes {
		o.classes[i] = float64(m.bias[i])
	}
	o.known = m.sum(t, 0, min(len(t.runes), mostRead), inText, 1, o.classes, 0)
	m.sum(t, 0, t.head(), inHead, headShare, o.classes, 0)
	from := 0
	for _, end := range t.pieces() {
		piece := m.danger(t, from, end)
		if o.danger == nil || piece[0] < o.danger[0] {
			o.danger, o.from, o.to = piece, from, end
		}
		from = end
	}
	if o.danger == nil {
		o.danger = make([]float64, columns-k)
		o.danger[0] = 1
	}
	return o
}

// danger is the chance of none and of each urgent class, by the runes [from, to).
func (m *Model) danger(t *text, from, to int) []float64 {
	k := len(modelClasses)
	chances := make([]float64, columns-k)
	for i := range chances {
		chances[i] = float64(m.bias[k+i])
	}
	m.sum(t, from, to, inText, 1, chances, k)
	soften(chances)
	return chances
}

// sum adds what the runs of characters within runes [from, to) say, beginning
// with the given column.
func (m *Model) sum(t *text, from, to int, zone uint64, share float64, out []float64, column int) (known int) {
	room := m.room.Get().(*[]uint16)
	count := *room
	parts := make([]int32, 0, longestRun*(to-from))
	all := 0
	t.grams(from, to, zone, func(name uint32, _, _ int) {
		all++
		p := m.part(name)
		if p < 0 {
			return
		}
		known++
		if count[p]++; count[p] == 1 {
			parts = append(parts, int32(p))
		}
	})
	for _, p := range parts {
		v := share * math.Sqrt(float64(count[p])/float64(all)) * float64(m.units[p])
		count[p] = 0
		row := m.row(int(p))[column:]
		for i := range out {
			out[i] += float64(v * float64(row[i]))
		}
	}
	m.room.Put(room)
	return known
}

// soften turns log-odds into chances.
func soften(x []float64) {
	most, sum := slices.Max(x), 0.0
	for i := range x {
		x[i] = math.Exp(x[i] - most)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// columnsOf gives each class its column in a model, -1 where it has none.
func columnsOf(classes []string) []int {
	at := make([]int, len(classes))
	for i, c := range classes {
		at[i] = slices.Index(modelClasses, c)
	}
	return at
}

// WithoutIdle leaves out what weighs next to nothing in every column.
func (w Weights) WithoutIdle() Weights {
	const idle = 0.05
	out := w
	out.Names, out.Rows = nil, nil
	for i, row := range w.Rows {
		if slices.ContainsFunc(row, func(v float64) bool { return math.Abs(v) > idle }) {
			out.Names, out.Rows = append(out.Names, w.Names[i]), append(out.Rows, row)
		}
	}
	return out
}

// With is the model with other dials.
func (m *Model) With(d Dials) *Model {
	return &Model{Version: m.Version, names: m.names, start: m.start, units: m.units, weights: m.weights, bias: m.bias,
		sharp: d.Sharp, rules: d.Rules, alarm: d.Alarm, calm: d.Calm, room: sync.Pool{New: m.room.New}}
}

// Weights are those of the model, unpacked: what training goes on from.
func (m *Model) Weights() Weights {
	w := Weights{Names: slices.Clone(m.names), Rows: make([][]float64, len(m.names)), Bias: make([]float64, columns),
		Dials: Dials{Sharp: m.sharp, Rules: m.rules, Alarm: m.alarm, Calm: m.calm}}
	for i, b := range m.bias {
		w.Bias[i] = float64(b)
	}
	cells := make([]float64, len(m.weights))
	for i := range w.Rows {
		w.Rows[i] = cells[i*columns : (i+1)*columns]
		for c, v := range m.row(i) {
			w.Rows[i][c] = float64(m.units[i]) * float64(v)
		}
	}
	return w
}

// Danger is the chance that a text tells of danger now, as the model sees it.
func (m *Model) Danger(text string) float64 { return 1 - m.read(fold(text)).danger[0] }
