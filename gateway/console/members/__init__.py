"""組合員照会: who received a member's data, looked up with a reason; and the answer sheet that the person is given.

look_ups   the code and the reason asked for, in a form's body; the record, at an address that holds neither
events     組合員イベント: a file pasted in, looked at, taken in
answers    提供履歴回答書 in the form asked for
"""
