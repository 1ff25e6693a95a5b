package api

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"liandong/internal/attachment"
	"liandong/internal/hotline"
)

// A program adds a file in parts, sees what is missing, and reads it again with
// a reason and the right.
func TestAttachments(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		id := n.want(201, "POST", "/api/v1/cases", obj{"text": "城关区北京中路的井盖坏了三天了", "channel": "app"})["id"].(string)
		path := "/api/v1/cases/" + id + "/attachments"
		content := append([]byte("%PDF-1.7 "), bytes.Repeat([]byte{7}, attachment.PartSize)...)
		begun := n.want(201, "POST", path, obj{"name": "张测试.pdf", "size": len(content)})
		file := path + "/" + begun["id"].(string)
		if begun["parts"] != 2.0 || begun["state"] != "coming" || fmt.Sprint(begun["missing"]) != "[1 2]" {
			t.Errorf("begun: got %v", begun)
		}
		data := base64.StdEncoding.EncodeToString
		half := n.want(200, "POST", file+"/parts", obj{"part": 2, "data": data(content[attachment.PartSize:])})
		again := n.want(200, "POST", file+"/parts", obj{"part": 2, "data": data(content[attachment.PartSize:])})
		if fmt.Sprint(half["missing"]) != "[1]" || fmt.Sprint(again["missing"]) != "[1]" || fmt.Sprint(n.want(200, "GET", file, nil)["missing"]) != "[1]" {
			t.Errorf("half: got %v", half)
		}
		n.want(409, "GET", file+"/content", nil, "X-Reason", "check")
		whole := n.want(200, "POST", file+"/parts", obj{"part": 1, "data": data(content[:attachment.PartSize])})
		if whole["state"] != "whole" || whole["media"] != "application/pdf" || len(whole["hash"].(string)) != 64 {
			t.Errorf("whole: got %v", whole)
		}
		list := n.call("GET", path, nil)
		if list.Code != 200 || strings.Contains(list.Body.String(), "张测试") {
			t.Errorf("the list: got %d %s", list.Code, list.Body)
		}
		got := n.call("GET", file+"/content", nil, "X-Reason", url.PathEscape("核实材料"))
		if got.Code != 200 || !bytes.Equal(got.Body.Bytes(), content) {
			t.Fatalf("opened: got %d and %d bytes", got.Code, got.Body.Len())
		}
		for name, want := range map[string]string{"Content-Type": octets, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"} {
			if got.Header().Get(name) != want {
				t.Errorf("opened: %s is %q, want %q", name, got.Header().Get(name), want)
			}
		}
		if d := got.Header().Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") {
			t.Errorf("opened: got it %q", d)
		}
		events := n.want(200, "GET", "/api/v1/cases/"+id+"/events", nil)["events"].([]any)
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.(map[string]any)["kind"].(string))
		}
		if !slices.Contains(kinds, "attached") || !slices.Contains(kinds, "viewed") {
			t.Errorf("events: got %v", kinds)
		}

		for _, tc := range []struct {
			method, path string
			body         any
			status       int
			code         string
		}{
			{"POST", path, obj{"size": 0}, 422, "attachment_empty"},
			{"POST", path, obj{"size": attachment.MostBytes + 1}, 422, "attachment_too_large"},
			{"POST", path, obj{"size": "1"}, 422, "field_type"},
			{"POST", "/api/v1/cases/none/attachments", obj{"size": 1}, 404, "case_not_found"},
			{"POST", file + "/parts", obj{"part": 3, "data": ""}, 422, "attachment_part_size"},
			{"POST", file + "/parts", obj{"part": 1, "data": "%"}, 422, "attachment_base64"},
			{"POST", file + "/parts", obj{"part": 1, "data": strings.Repeat("A", PartMost)}, 413, "body_large"},
			{"POST", path + "/none/parts", obj{"part": 1, "data": ""}, 404, "attachment_not_found"},
			{"GET", path + "/none", nil, 404, "attachment_not_found"},
			{"GET", file + "/content", nil, 422, "reason_missing"},
		} {
			if p := n.want(tc.status, tc.method, tc.path, tc.body); p["code"] != tc.code {
				t.Errorf("%s %s: got %v, want %s", tc.method, tc.path, p["code"], tc.code)
			}
		}
		n.with(hotline.SeeCases).want(403, "GET", file+"/content", nil, "X-Reason", "check")
		n.with(hotline.TakeCases).want(404, "GET", path, nil)
	})
}
