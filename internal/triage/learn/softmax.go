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
	known  []float64 // log-odds by column that stand already, nil none: what is learned is added to them
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

// idle is what a part counts for that tells nothing.
const idle = 0.5

// telling is what each part counts for: by how much more often it occurs with
// one column than with all others (the logarithm of that ratio, for the column
// where it is greatest, as naive Bayes has it). Parts that say something are
// learned from sooner than parts that are merely there.
func (s softmax) telling(samples []sample, parts int) []float64 {
	in, all, total := make([]float64, parts*s.columns), make([]float64, s.columns), 0.0
	for _, x := range samples {
		for c, want := range x.want {
			if want == 0 {
				continue
			}
			w := float64(want * x.weight)
			all[c] += w
			total += w
			for _, p := range x.parts {
				in[int(p.at)*s.columns+c] += w
			}
		}
	}
	out := make([]float64, parts)
	for i := range out {
		row, sum := in[i*s.columns:(i+1)*s.columns], 0.0
		for _, n := range row {
			sum += n
		}
		best := 0.0
		for c, n := range row {
			best = max(best, math.Log((n+1)/(all[c]+2)/((sum-n+1)/(total-all[c]+2))))
		}
		out[i] = best + idle
	}
	return out
}

// fit trains the weights. What a part counts for is in the samples' values
// while training, and in the weights when they are done.
func (s softmax) fit(samples []sample, counts []float64) fitted {
	parts := len(counts)
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
			for c, v := range x.known {
				p[c] += v
			}
			for _, f := range x.parts {
				row := w[int(f.at)*k : int(f.at)*k+k]
				v := float64(float64(f.value*counts[f.at]) * scale)
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
				v := float64(rate * float64(f.value*counts[f.at]) / scale)
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
		mean.weights[i] *= counts[i/k] / kept
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

// rarity is what each part counts for by how few texts hold it.
func rarity(samples []sample, parts int) []float64 {
	texts := make([]float64, parts)
	for _, s := range samples {
		for _, p := range s.parts {
			texts[p.at]++
		}
	}
	out := make([]float64, parts)
	for i, n := range texts {
		if n > 0 {
			out[i] = math.Log(float64(len(samples)+1) / n)
		}
	}
	return out
}
