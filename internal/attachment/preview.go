package attachment

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// A preview is at most so large, and is made of no picture with more pixels: a
// small file can unfold to gigabytes. 24 million are the picture of a good
// telephone; one that is larger is kept, and has no preview.
const (
	previewEdge = 240
	mostPixels  = 24 << 20
	mostEdge    = 20000
)

// Preview makes a small JPEG picture of a photo (JPEG or PNG). What is neither,
// is too large or does not decode has none: nil.
func Preview(media string, content []byte) []byte {
	var config func([]byte) (image.Config, error)
	var decode func([]byte) (image.Image, error)
	switch media {
	case "image/jpeg":
		config = func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) }
		decode = func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) }
	case "image/png":
		config = func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) }
		decode = func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) }
	default:
		return nil
	}
	c, err := config(content)
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > mostEdge || c.Height > mostEdge || c.Width*c.Height > mostPixels {
		return nil
	}
	img, err := decode(content)
	if err != nil {
		return nil
	}
	small := shrink(img, previewEdge)
	if media == "image/jpeg" {
		small = upright(small, orientation(content))
	}
	var out bytes.Buffer
	if jpeg.Encode(&out, small, &jpeg.Options{Quality: 70}) != nil {
		return nil
	}
	return out.Bytes()
}

// shrink makes a picture whose longer edge is at most so many pixels: each is
// the mean of a few of those that it stands for. What is transparent becomes
// white.
func shrink(img image.Image, edge int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > edge {
		w, h = max(1, w*edge/long), max(1, h*edge/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			out.SetRGBA(x, y, mean(img, image.Rect(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h, b.Min.X+(x+1)*b.Dx()/w, b.Min.Y+(y+1)*b.Dy()/h)))
		}
	}
	return out
}

// mean of a rectangle of at least one pixel, from at most 16 of them.
func mean(img image.Image, r image.Rectangle) color.RGBA {
	stepX, stepY := max(1, r.Dx()/4), max(1, r.Dy()/4)
	var red, green, blue, n uint32
	for y := r.Min.Y; y < max(r.Max.Y, r.Min.Y+1); y += stepY {
		for x := r.Min.X; x < max(r.Max.X, r.Min.X+1); x += stepX {
			cr, cg, cb, ca := img.At(x, y).RGBA()
			white := 0xffff - ca
			red, green, blue, n = red+(cr+white)>>8, green+(cg+white)>>8, blue+(cb+white)>>8, n+1
		}
	}
	return color.RGBA{R: uint8(red / n), G: uint8(green / n), B: uint8(blue / n), A: 255}
}
