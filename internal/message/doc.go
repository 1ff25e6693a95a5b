// Package message holds every sentence that people read, in Chinese and in
// English. The rest of the program knows keys and codes; this package alone
// knows words. It is a room below the doors, so that pages, programs and
// letters say the same thing in the same words.
//
// The sentences stand in text files, one folder per language, read together:
//
//	zh-CN/error.txt   a sentence for every code of a refusal: error.<code>
//	zh-CN/word.txt    words for values: state.sent, verb.accept, role.clerk …
//	zh-CN/<page>.txt  what the pages say
//
// A line is "key = sentence"; an empty line or one that begins with # says
// nothing. In a sentence {0}, {1} … are the arguments; {0:state} looks the
// argument up as the word state.<argument> first; {field} is the word for the
// field at fault, {field:right} the word right.<field>. A key that stands twice, or in one language only, fails a
// test.
package message
