// Package httpx is the one way integrations speak HTTP.
//
// A Client sends its credential to one host and to no other, refuses redirects
// that change the method or leave the host, bounds every body and every wait,
// and turns answers into errors with a code of package lastday. It never
// sleeps and never tries again: that is for the caller, so that every attempt
// is seen.
//
// Drivers that have an SDK take Client.HTTP and pass what comes back through
// Classify; all others use Client.Do, Client.Get, Client.Send and GetAll.
package httpx
