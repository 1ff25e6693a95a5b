package triage

import (
	"fmt"

	"liandong/internal/catalogue"
)

// sentences say the kinds of reason; %[1]s is the word, %[2]s the name of what
// it is about.
var sentences = map[string]map[string]string{
	"zh": {
		ForItem:       "“%[1]s”指向事项：%[2]s",
		ForClass:      "“%[1]s”指向类别：%[2]s",
		Danger:        "“%[1]s”提示险情：%[2]s",
		Escalates:     "“%[1]s”使该事项升级为：%[2]s",
		Learned:       "“%[1]s”常见于类别：%[2]s",
		LearnedDanger: "“%[1]s”听起来像险情：%[2]s",
		Calmed:        "“%[1]s”所在的文字未见当前险情，未按%[2]s处理",
		Gathered:      "“%[1]s”提示人员聚集：%[2]s",
		Negated:       "“%[1]s”已被否定，未按%[2]s处理",
		Past:          "“%[1]s”说的是已经过去的事，未按%[2]s处理",
		Chronic:       "“%[1]s”说的是长期问题，未按%[2]s处理",
		Hypothetical:  "“%[1]s”只是假设或担心，未按%[2]s处理",
		Question:      "“%[1]s”出现在咨询中，未按%[2]s处理",
		Hearsay:       "“%[1]s”是听来或看来的，未按%[2]s处理",
		Rhetoric:      "“%[1]s”是一种说法或别的词的一部分，未按%[2]s处理",
		Peaceful:      "“%[1]s”未见正在或预告的聚集，未按%[2]s处理",
		FirstPolice:   "“%[1]s”提示公安先期处置：%[2]s",
		InRegion:      "文中地点：%[1]s",
		OrRegion:      "地点也可能是：%[1]s（%[2]s）",
		Unreadable:    "未能甄别，须由人工核查：%[2]s",
	},
	"en": {
		ForItem:       "“%[1]s” speaks for the item: %[2]s",
		ForClass:      "“%[1]s” speaks for the class: %[2]s",
		Danger:        "“%[1]s” tells of danger: %[2]s",
		Escalates:     "“%[1]s” raises the matter to: %[2]s",
		Learned:       "“%[1]s” is often said of the class: %[2]s",
		LearnedDanger: "“%[1]s” sounds like danger: %[2]s",
		Calmed:        "“%[1]s” stands in a text that tells of no danger now, so not taken as: %[2]s",
		Gathered:      "“%[1]s” tells of people gathering: %[2]s",
		Negated:       "“%[1]s” is denied in the text, so not taken as: %[2]s",
		Past:          "“%[1]s” is told as over, so not taken as: %[2]s",
		Chronic:       "“%[1]s” is told as a lasting nuisance, so not taken as: %[2]s",
		Hypothetical:  "“%[1]s” is only feared or supposed, so not taken as: %[2]s",
		Question:      "“%[1]s” stands in a question for information, so not taken as: %[2]s",
		Hearsay:       "“%[1]s” was heard or read of, so not taken as: %[2]s",
		Rhetoric:      "“%[1]s” is a manner of speaking or part of another word, so not taken as: %[2]s",
		Peaceful:      "“%[1]s” without a gathering now or announced, so not taken as: %[2]s",
		FirstPolice:   "“%[1]s” asks for police to act first: %[2]s",
		InRegion:      "place named: %[1]s",
		OrRegion:      "the place may also be: %[1]s (%[2]s)",
		Unreadable:    "not assessed, a person must check: %[2]s",
	},
}

var unreadWhy = map[string]map[string]string{
	"zh": {"script": "不是或不全是汉文", "short": "文字太少", "garbled": "文字混乱", "long": "文字过长，没有读完"},
	"en": {"script": "not or not only in Chinese", "short": "too few words", "garbled": "garbled", "long": "too long to be read to its end"},
}

// Say tells the reason in a sentence, in English where lang is "en", otherwise
// in Chinese, with the names of the catalogue. Commands and the API use it;
// pages have message catalogues.
func (r Reason) Say(cat *catalogue.Catalogue, lang string) string {
	if lang != "en" {
		lang = "zh"
	}
	form, ok := sentences[lang][r.Kind]
	if !ok {
		return r.Kind + " " + r.Word + " " + r.Of
	}
	if r.Kind == InRegion { // %[2]s is not said
		return fmt.Sprintf(form, r.Word)
	}
	return fmt.Sprintf(form, r.Word, r.about(cat, lang))
}

func (r Reason) about(cat *catalogue.Catalogue, lang string) string {
	if r.Kind == Unreadable {
		return unreadWhy[lang][r.Of]
	}
	name := ""
	if it, ok := cat.Item(r.Of); ok {
		name = pick(lang, it.Name, it.NameEN)
	} else if c, ok := cat.Class(r.Of); ok {
		name = pick(lang, c.Name, c.NameEN)
	}
	if name == "" {
		return r.Of
	}
	return r.Of + " " + name
}

func pick(lang, zh, en string) string {
	if lang == "en" && en != "" {
		return en
	}
	return zh
}
