// Package web is the operators' pages (坐席、承办、班长): the seat desk, the
// queue, the case, a unit's inbox, the overview and the links. It is a door and
// no more: what may happen is decided in desk, and every sentence stands in
// package message.
//
// Pages are made whole on the server and work without scripts; htmx replaces
// parts of them where a script runs. The table of routes (route.go) is the list
// of what the pages can do and who may: a right stands beside each.
//
//	request ─▶ headers ─▶ cross-origin check ─▶ session ─▶ right ─▶ handler ─▶ page
//	                                                          └─ error ─▶ the form again, or a page that says what happened
package web
