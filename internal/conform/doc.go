// Package conform plays the other platform (符合性测试): it sends the letters of
// docs/exchange to a side under test, right ones and wrong ones, hears what
// comes back, and says for each rule whether it was kept.
//
// It knows the published contract and nothing of our program: the side under
// test may be anybody's. What a person of that side must do (accept, return,
// answer) is asked of a Driver.
package conform
