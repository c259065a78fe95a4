// Package integrationtest asks of every integration what lastday promises to
// its users.
//
// An integration's own test makes a Harness around a stateful fake of its far
// side and calls Run. The suite never believes the driver: what it says is
// compared with the FarSide, which the harness answers from the fake's own
// books, not through the driver.
//
//	func TestConformance(t *testing.T) {
//		integrationtest.Run(t, integrationtest.Harness{Description: description(), Open: openWorld})
//	}
//
// The suite is tested itself: a reference driver passes, and for each check a
// driver with a planted fault fails it.
package integrationtest
