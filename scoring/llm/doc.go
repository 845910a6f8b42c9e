// Package llm scores answers with a language model, through langchaingo: anything that speaks the
// protocol of OpenAI, Anthropic or Ollama. Nothing that the model says is believed unseen. The essay is
// data between delimiters that nobody can guess; the answer is checked against a JSON Schema and the
// scales; quotes have to be in the essay and citations among what was retrieved. Whatever goes wrong,
// the essay is scored by the local engine instead and the result says so.
//
// The package takes and gives plain values. Where answers are kept and how spending is accounted for
// is the caller's: see Cache and Ledger.
package llm
