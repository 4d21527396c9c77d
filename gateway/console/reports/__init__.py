"""台帳と報告: what a co-op keeps and hands in, on screen and as files: ledger, month, records of provision, audit pack."""
