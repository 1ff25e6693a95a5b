package learn

import "math"

// part of a sample: the number of a run of characters, and how much there is.
type part struct {
	at    int32
	value float64
}

type sample struct {
	parts  []part
	want   []float64 // by column
	weight float64
}

// softmax is a regression trained by stochastic gradient descent; its weights
// are the mean of those after each round of the second half.
type softmax struct {
	columns, rounds int
	rate, decay     float64
}

type fitted struct {
	columns int
	weights []float64 // by part, then column
	bias    []float64
}

func (f fitted) row(i int) []float64 { return f.weights[i*f.columns : (i+1)*f.columns] }

func (s softmax) fit(samples []sample, parts int) fitted {
	k := s.columns
	w, bias := make([]float64, parts*k), make([]float64, k)
	mean := fitted{columns: k, weights: make([]float64, parts*k), bias: make([]float64, k)}
	scale, steps, kept := 1.0, 0.0, 0.0
	p := make([]float64, k)
	order := make([]int, len(samples))
	for i := range order {
		order[i] = i
	}
	dice := dice(1)
	for round := range s.rounds {
		dice.shuffle(order)
		for _, i := range order {
			x := &samples[i]
			rate := s.rate / (1 + float64(s.rate*s.decay*steps))
			steps++
			copy(p, bias)
			for _, f := range x.parts {
				row := w[int(f.at)*k : int(f.at)*k+k]
				v := float64(f.value * scale)
				for c := range p {
					p[c] += float64(v * row[c])
				}
			}
			soften(p)
			scale *= 1 - float64(rate*s.decay)
			for c := range p {
				p[c] = float64(float64(x.want[c]-p[c]) * x.weight)
				bias[c] += float64(float64(rate*0.1) * p[c])
			}
			for _, f := range x.parts {
				row := w[int(f.at)*k : int(f.at)*k+k]
				v := float64(rate * f.value / scale)
				for c := range p {
					row[c] += float64(v * p[c])
				}
			}
		}
		if 2*(round+1) > s.rounds {
			kept++
			for i := range w {
				mean.weights[i] += float64(w[i] * scale)
			}
			for c := range bias {
				mean.bias[c] += bias[c]
			}
		}
	}
	for i := range mean.weights {
		mean.weights[i] /= kept
	}
	for c := range mean.bias {
		mean.bias[c] /= kept
	}
	return mean
}

func soften(x []float64) {
	most := x[0]
	for _, v := range x {
		most = max(most, v)
	}
	sum := 0.0
	for i := range x {
		x[i] = exp(x[i] - most)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// exp is e to the x, x ≤ 0, the same on every processor: math.Exp fuses
// operations where a processor can.
func exp(x float64) float64 {
	if x < -700 {
		return 0
	}
	n := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(n*math.Ln2)
	sum, term := 1.0, 1.0
	for i := 1.0; i < 14; i++ {
		term = float64(term*r) / i
		sum += term
	}
	return math.Ldexp(sum, int(n))
}

// dice are numbers that look random, xorshift64.
type dice uint64

func (d *dice) shuffle(order []int) {
	for i := len(order) - 1; i > 0; i-- {
		x := uint64(*d)
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		*d = dice(x)
		j := int(x % uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
}
