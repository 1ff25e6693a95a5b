// Package api is the door for programs: JSON over HTTP, described by an OpenAPI
// 3.1 document at /openapi.json. Beside it stand /healthz, /readyz and
// /metrics.
//
// It decides nothing. It reads a request strictly, says who asks (auth), hands
// over to desk, and writes what desk answers; every refusal becomes a problem
// document (RFC 9457) in one place, problem.go. All routes stand in one
// function, routes, with the rights beside them.
//
// A request goes through
//
//	observe (id, log, metrics, panic) → mux → admit (token, right) → decode → handler → desk
package api
