// Package node puts one platform (平台) together from its parts: configuration,
// keys, database, desk, the doors for people, programs and peers, and the
// rounds. It decides nothing about cases; whoever looks for a rule finds it in
// desk or below.
//
//	Config ──Open──▶ keys.json · database · seed ──▶ Desk ──▶ pages, API, exchange
//	                                                  └──Run──▶ HTTP server + rounds
//
// demo.go runs two of them in one process, linked to each other.
package node
