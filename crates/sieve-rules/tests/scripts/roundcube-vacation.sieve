require ["vacation"];
# rule:[Away]
if allof (not header :contains "Precedence" ["bulk","list"], not header :is "Auto-Submitted" "auto-replied")
{
	vacation :days 3 :addresses ["alice@example.com","info@example.com"] :subject "Gone \"fishing\"" :handle "away" :from "Alice <alice@example.com>" text:
Back on Monday.
..and a line with a dot

Alice
.
;
}
