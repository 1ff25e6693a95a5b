package attachment

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// held is a JPEG file whose EXIF block says how the camera was held.
func held(t testing.TB, img image.Image, order binary.AppendByteOrder, name string, v uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	tiff := order.AppendUint32(order.AppendUint16([]byte(name), 42), 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][2]uint16{{0x0100, 7}, {0x0112, v}} {
		tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, entry[0]), 3), 1)
		tiff = order.AppendUint16(order.AppendUint16(tiff, entry[1]), 0)
	}
	block := append([]byte("Exif\x00\x00"), tiff...)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(block)+2))
	return append(append(head, block...), b.Bytes()[2:]...)
}

// The corner that is red in the upright picture, for every way to hold a camera.
func TestOrientation(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 40, 20)) // as the camera writes it: red in the upper left corner
	for y := range 20 {
		for x := range 40 {
			img.Set(x, y, color.White)
			if x < 16 && y < 8 {
				img.Set(x, y, color.RGBA{R: 255, A: 255})
			}
		}
	}
	right, low := 1, 2
	for v, corner := range []int{1: 0, 2: right, 3: right | low, 4: low, 5: 0, 6: right, 7: right | low, 8: low, 9: 0} {
		if v == 0 {
			continue
		}
		for name, order := range map[string]binary.AppendByteOrder{"MM": binary.BigEndian, "II": binary.LittleEndian} {
			file := held(t, img, order, name, uint16(v))
			got, err := jpeg.Decode(bytes.NewReader(Preview("image/jpeg", file)))
			if err != nil {
				t.Fatal(err)
			}
			w, h := 40, 20
			if v >= 5 && v <= 8 {
				w, h = 20, 40
			}
			if got.Bounds().Dx() != w || got.Bounds().Dy() != h {
				t.Errorf("%s %d: got %v, want %d×%d", name, v, got.Bounds(), w, h)
				continue
			}
			at := image.Pt(2, 2)
			if corner&right != 0 {
				at.X = w - 3
			}
			if corner&low != 0 {
				at.Y = h - 3
			}
			if r, g, _, _ := got.At(at.X, at.Y).RGBA(); r>>8 < 200 || g>>8 > 80 {
				t.Errorf("%s %d: %v is not red", name, v, at)
			}
		}
	}
	for _, cut := range []int{3, 8, 20, 30, 45} {
		file := held(t, img, binary.BigEndian, "MM", 6)[:cut]
		if got := orientation(file); got != 1 {
			t.Errorf("cut at %d: got %d, want it upright", cut, got)
		}
	}
}
