package web

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// QR is a code to be scanned, as an SVG path in units of its squares: Size by
// Size of them, with the four quiet ones around that readers ask for.
type QR struct {
	Size int
	Path string
}

const qrQuiet = 4

// qrOf draws a text. A quarter of the code may be dirty or torn.
func qrOf(text string) (QR, error) {
	code, err := qr.Encode(text, qr.Q, qr.Auto)
	if err != nil {
		return QR{}, fmt.Errorf("qr: %w", err)
	}
	var path strings.Builder
	b := code.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+qrQuiet, y+qrQuiet)
			}
		}
	}
	return QR{Size: b.Dx() + 2*qrQuiet, Path: path.String()}, nil
}
