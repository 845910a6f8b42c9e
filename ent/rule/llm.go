package rule

import "entgo.io/ent"

// Ledger is for what the installation spends and how its parts fare: admins read it, the system alone
// writes it.
func Ledger() ent.Policy { return policy(query(allowAdmin()), mutation()) }

// Internal is for what the system keeps for itself and shows nobody.
func Internal() ent.Policy { return policy(query(), mutation()) }
